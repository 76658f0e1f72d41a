/** Buttons that turn a source on and off, in the lobby and in the call. */

import type { LocalMedia, LocalSource } from "@connect/client";
import type { ReactNode } from "react";

import { CameraIcon, CameraOffIcon, MicrophoneIcon, MicrophoneOffIcon } from "./icons";
import { hintWithKey } from "./shortcuts";
import { STRINGS } from "./strings";
import { toggleCamera, toggleMicrophone } from "./toggles";

interface SwitchProps {
  label: string;
  hint: string;
  testId: string;
  source: LocalSource;
  icons: { on: ReactNode; off: ReactNode };
  onPress: () => void;
}

function Switch({ label, hint, testId, source, icons, onPress }: SwitchProps) {
  const { on, pending, problem } = source;
  return (
    <button
      type="button"
      className={on ? "round" : "round off"}
      data-testid={testId}
      aria-label={label}
      aria-pressed={on}
      aria-busy={pending}
      title={problem?.message ?? hint}
      onClick={onPress}
    >
      {on ? icons.on : icons.off}
      {problem && !on && (
        <span className="mark" aria-hidden="true">
          !
        </span>
      )}
    </button>
  );
}

export function MicrophoneSwitch({ media, source }: { media: LocalMedia; source: LocalSource }) {
  const { microphone, mute, unmute } = STRINGS.sources;
  return (
    <Switch
      label={microphone}
      hint={hintWithKey(source.on ? mute : unmute, "microphone")}
      testId="toggle-mic"
      source={source}
      icons={{ on: <MicrophoneIcon />, off: <MicrophoneOffIcon /> }}
      onPress={() => toggleMicrophone(media)}
    />
  );
}

export function CameraSwitch({ media, source }: { media: LocalMedia; source: LocalSource }) {
  const { camera, cameraOff, cameraOn } = STRINGS.sources;
  return (
    <Switch
      label={camera}
      hint={hintWithKey(source.on ? cameraOff : cameraOn, "camera")}
      testId="toggle-camera"
      source={source}
      icons={{ on: <CameraIcon />, off: <CameraOffIcon /> }}
      onPress={() => toggleCamera(media)}
    />
  );
}
