/** What is asked of the browser for each of your own sources. */

import type { ChosenDevices } from "./local-state.js";

const MICROPHONE: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

const CAMERA: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30 },
};

export const SCREEN: DisplayMediaStreamOptions = {
  video: { frameRate: { ideal: 15 } },
  // Browsers would take music for the noise around a voice.
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};

/** Those for the devices with these ids; null is any, and a kind without an entry is not asked for. */
export function constraintsFor({ microphone, camera }: Partial<ChosenDevices>): MediaStreamConstraints {
  return {
    ...(microphone !== undefined && { audio: withDevice(MICROPHONE, microphone) }),
    ...(camera !== undefined && { video: withDevice(CAMERA, camera) }),
  };
}

function withDevice(constraints: MediaTrackConstraints, deviceId: string | null): MediaTrackConstraints {
  return deviceId ? { ...constraints, deviceId: { exact: deviceId } } : constraints;
}
