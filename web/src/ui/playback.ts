/** Plays the others' voices where they are to be heard, and knows when the browser doesn't allow it without a click. */

import { Store } from "@connect/client";

/** Whether this browser lets a page choose where its sound is heard. */
export function canChooseSpeaker(): boolean {
  return "setSinkId" in HTMLMediaElement.prototype;
}

interface PlaybackState {
  readonly blocked: boolean;
  /** The id of the device; empty for the system's choice. */
  readonly speaker: string;
}

export class Playback {
  readonly state = new Store<PlaybackState>({ blocked: false, speaker: "" });
  readonly #elements = new Set<HTMLAudioElement>();

  /** Play `track` in `element`. Returns the function that ends it. */
  play(element: HTMLAudioElement, track: MediaStreamTrack): () => void {
    element.srcObject = new MediaStream([track]);
    this.#elements.add(element);
    void this.#start(element);
    return () => {
      this.#elements.delete(element);
      element.srcObject = null;
    };
  }

  /** Try again, from within a click. */
  unblock(): void {
    this.state.update({ blocked: false });
    for (const element of this.#elements) void this.#start(element);
  }

  /**
   * Be heard from another device from now on.
   *
   * @throws {DOMException} it has gone, or is not allowed to be used
   */
  async choose(speaker: string): Promise<void> {
    await Promise.all([...this.#elements].map((element) => element.setSinkId(speaker)));
    this.state.update({ speaker });
  }

  async #start(element: HTMLAudioElement): Promise<void> {
    try {
      const { speaker } = this.state.get();
      if (speaker) await element.setSinkId(speaker);
    } catch (error) {
      // It was unplugged: better from another one than not at all.
      console.warn("the chosen speaker can't be used", error);
      this.state.update({ speaker: "" });
    }
    try {
      await element.play();
    } catch (error) {
      // AbortError: the track went away before it began, and there is nothing to hear.
      if (error instanceof DOMException && error.name === "NotAllowedError")
        this.state.update({ blocked: true });
    }
  }
}
