/** The choice of devices, before and during a call. */

import type { LocalMedia, LocalState } from "@connect/client";
import { STRINGS } from "./strings";

interface DevicesProps {
  local: LocalState;
  media: LocalMedia;
}

export function Devices({ local, media }: DevicesProps) {
  return (
    <div className="devices">
      <MicrophoneSelect local={local} media={media} />
      <CameraSelect local={local} media={media} />
    </div>
  );
}

export function MicrophoneSelect({ local, media }: DevicesProps) {
  return (
    <DeviceSelect
      label={STRINGS.settings.microphone}
      testId="device-microphone"
      devices={local.microphones}
      current={deviceOf(local.microphone.track) ?? local.chosen.microphone}
      onChoose={(id) => void media.chooseMicrophone(id)}
    />
  );
}

export function CameraSelect({ local, media }: DevicesProps) {
  return (
    <DeviceSelect
      label={STRINGS.settings.camera}
      testId="device-camera"
      devices={local.cameras}
      current={deviceOf(local.camera.track) ?? local.chosen.camera}
      onChoose={(id) => void media.chooseCamera(id)}
    />
  );
}

function deviceOf(track: MediaStreamTrack | null): string | null {
  return track?.getSettings().deviceId ?? null;
}

interface DeviceSelectProps {
  label: string;
  testId: string;
  devices: readonly MediaDeviceInfo[];
  /** The one in use, or to be used next; null for none, or when it is not known. */
  current: string | null;
  /** What is written where none of the devices is in use. */
  none?: string;
  onChoose: (deviceId: string) => void;
}

export function DeviceSelect({
  label,
  testId,
  devices,
  current,
  none = STRINGS.settings.noDevice,
  onChoose,
}: DeviceSelectProps) {
  // Without permission the browser lists devices without ids: there is nothing to choose from.
  const known = devices.filter(({ deviceId }) => deviceId !== "");
  const value = current ?? "";
  return (
    <label className="device">
      {label}
      <select
        className="input"
        data-testid={testId}
        value={value}
        disabled={known.length === 0}
        onChange={(event) => onChoose(event.target.value)}
      >
        {!known.some(({ deviceId }) => deviceId === value) && <option value={value}>{none}</option>}
        {known.map(({ deviceId, label: name }) => (
          <option key={deviceId} value={deviceId}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
