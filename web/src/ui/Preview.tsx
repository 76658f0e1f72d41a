/** Yourself, as the others will see you, and the buttons and devices that change it. */

import type { LocalMedia, LocalState } from "@connect/client";
import { useState } from "react";

import { Avatar } from "./Avatar";
import { useLevel } from "./hooks";
import { Video } from "./media";
import { CameraSwitch, MicrophoneSwitch } from "./Switch";

interface PreviewProps {
  local: LocalState;
  media: LocalMedia;
  name: string;
}

export function Preview({ local, media, name }: PreviewProps) {
  const { microphone, camera } = local;
  const level = useLevel(microphone.on ? microphone.track : null);
  return (
    <div className="preview">
      {camera.track ? (
        <Video track={camera.track} mirrored testId="preview-video" />
      ) : (
        <div className="preview-empty">
          <Avatar name={name} id="you" />
          <p>{camera.pending ? "Waiting for the camera…" : "Your camera is off"}</p>
        </div>
      )}
      <div className="preview-controls">
        <MicrophoneSwitch media={media} source={microphone} />
        <CameraSwitch media={media} source={camera} />
      </div>
      <div className="level" aria-hidden="true">
        <div className="level-bar" style={{ transform: `scaleX(${level})` }} />
      </div>
    </div>
  );
}

export function Devices({ local, media }: { local: LocalState; media: LocalMedia }) {
  return (
    <div className="devices">
      <DeviceSelect
        label="Microphone"
        devices={local.microphones}
        track={local.microphone.track}
        onChoose={(id) => void media.chooseMicrophone(id)}
      />
      <DeviceSelect
        label="Camera"
        devices={local.cameras}
        track={local.camera.track}
        onChoose={(id) => void media.chooseCamera(id)}
      />
    </div>
  );
}

interface DeviceSelectProps {
  label: string;
  devices: readonly MediaDeviceInfo[];
  track: MediaStreamTrack | null;
  onChoose: (deviceId: string) => void;
}

function DeviceSelect({ label, devices, track, onChoose }: DeviceSelectProps) {
  // Without permission the browser lists devices without ids: there is nothing to choose from.
  const known = devices.filter(({ deviceId }) => deviceId !== "");
  const [chosen, setChosen] = useState("");
  const current = track?.getSettings().deviceId ?? chosen;
  return (
    <label className="device">
      {label}
      <select
        className="input"
        value={current}
        disabled={known.length === 0}
        onChange={(event) => {
          setChosen(event.target.value);
          onChoose(event.target.value);
        }}
      >
        {!known.some(({ deviceId }) => deviceId === current) && <option value={current}>None in use</option>}
        {known.map(({ deviceId, label: name }) => (
          <option key={deviceId} value={deviceId}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
