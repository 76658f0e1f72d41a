/** Buttons that turn a source on and off, in the lobby and in the call. */

import type { LocalMedia, LocalSource } from "@connect/client";
import type { ReactNode } from "react";

import { CameraIcon, CameraOffIcon, MicrophoneIcon, MicrophoneOffIcon } from "./icons";

interface SwitchProps {
  label: string;
  hint: string;
  testId: string;
  source: LocalSource;
  icons: { on: ReactNode; off: ReactNode };
  /** Whether off is a warning (nobody hears you) rather than the usual (nothing is shown). */
  warnWhenOff?: boolean;
  onChange: (on: boolean) => void;
}

export function Switch({ label, hint, testId, source, icons, warnWhenOff = true, onChange }: SwitchProps) {
  const { on, pending, problem } = source;
  const look = on ? (warnWhenOff ? "" : "active") : warnWhenOff ? "off" : "";
  return (
    <button
      type="button"
      className={`round ${look}`}
      data-testid={testId}
      aria-label={label}
      aria-pressed={on}
      aria-busy={pending}
      title={problem?.message ?? hint}
      onClick={() => onChange(!on)}
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
  return (
    <Switch
      label="Microphone"
      hint={source.on ? "Mute (M)" : "Unmute (M)"}
      testId="toggle-mic"
      source={source}
      icons={{ on: <MicrophoneIcon />, off: <MicrophoneOffIcon /> }}
      onChange={(on) => void media.setMicrophone(on)}
    />
  );
}

export function CameraSwitch({ media, source }: { media: LocalMedia; source: LocalSource }) {
  return (
    <Switch
      label="Camera"
      hint={source.on ? "Turn the camera off (V)" : "Turn the camera on (V)"}
      testId="toggle-camera"
      source={source}
      icons={{ on: <CameraIcon />, off: <CameraOffIcon /> }}
      onChange={(on) => void media.setCamera(on)}
    />
  );
}
