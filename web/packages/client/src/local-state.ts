/** What is known of your own sources and devices, as immutable values. */

import type { Problem } from "./problem.js";

/** One of your sources. `on` without a track never happens; a track that is not `on` is a muted microphone. */
export interface LocalSource {
  readonly track: MediaStreamTrack | null;
  readonly on: boolean;
  /** The browser, or the person, has been asked and has not answered yet. */
  readonly pending: boolean;
  readonly problem: Problem | null;
}

export interface LocalState {
  readonly microphone: LocalSource;
  readonly camera: LocalSource;
  readonly screen: LocalSource;
  /** The sound of what is shown, when the browser gives it. */
  readonly screenAudio: LocalSource;
  /** Nameless until the person has allowed a device once. */
  readonly microphones: readonly MediaDeviceInfo[];
  readonly cameras: readonly MediaDeviceInfo[];
  /** Where the others can be heard; an element's `setSinkId()` takes one. */
  readonly speakers: readonly MediaDeviceInfo[];
  readonly chosen: ChosenDevices;
}

/** The ids of the devices that the person chose, of which others are opened while they are not there; null: any. */
export interface ChosenDevices {
  readonly microphone: string | null;
  readonly camera: string | null;
}

export const OFF: LocalSource = { track: null, on: false, pending: false, problem: null };

export function initialLocalState(chosen: Partial<ChosenDevices>): LocalState {
  return {
    microphone: OFF,
    camera: OFF,
    screen: OFF,
    screenAudio: OFF,
    microphones: [],
    cameras: [],
    speakers: [],
    chosen: { microphone: null, camera: null, ...chosen },
  };
}
