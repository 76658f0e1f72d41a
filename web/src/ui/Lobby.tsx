/** Before the call: look at yourself, choose devices, say your name. */

import { useState, type FormEvent } from "react";

import type { LocalMedia, LocalState, Problem } from "../client";
import { useLevel, useShortcuts, useStore } from "./hooks";
import { LogoIcon } from "./icons";
import { Avatar } from "./Avatar";
import { Video } from "./media";
import { rememberedName } from "./remember";
import { CameraSwitch, MicrophoneSwitch } from "./Switch";

interface LobbyProps {
  roomId: string;
  media: LocalMedia;
  onJoin: (displayName: string) => void;
}

export function Lobby({ roomId, media, onJoin }: LobbyProps) {
  const local = useStore(media.state);
  const [name, setName] = useState(rememberedName);
  const [nameless, setNameless] = useState(false);
  useShortcuts({
    m: () => void media.setMicrophone(!local.microphone.on),
    v: () => void media.setCamera(!local.camera.on),
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) onJoin(name.trim());
    else setNameless(true);
  };

  return (
    <main className="page lobby">
      <p className="logo">
        <LogoIcon /> Connect
      </p>
      <div className="lobby-body">
        <section className="lobby-preview" aria-label="Preview">
          <Preview local={local} media={media} name={name} />
          <Devices local={local} media={media} />
        </section>
        <form className="lobby-form" onSubmit={submit} noValidate>
          <p className="eyebrow">Ready to join?</p>
          <h1>{roomId}</h1>
          <label htmlFor="name">Your name</label>
          <input
            id="name"
            className="input"
            data-testid="name-input"
            placeholder="What the others call you"
            autoComplete="name"
            maxLength={64}
            value={name}
            autoFocus={name === ""}
            aria-invalid={nameless}
            aria-describedby={nameless ? "name-problem" : undefined}
            onChange={(event) => {
              setName(event.target.value);
              setNameless(false);
            }}
          />
          {nameless && (
            <p id="name-problem" className="problem" role="alert">
              Say who you are first.
            </p>
          )}
          <button type="submit" className="button primary large" data-testid="join-button">
            Join
          </button>
          <Problems problems={problemsOf(local)} />
        </form>
      </div>
    </main>
  );
}

function Problems({ problems }: { problems: Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <div className="problem" role="alert" data-testid="error-message">
      {problems.map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
      <p>You can join all the same.</p>
    </div>
  );
}

function Preview({ local, media, name }: { local: LocalState; media: LocalMedia; name: string }) {
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

function Devices({ local, media }: { local: LocalState; media: LocalMedia }) {
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

/** Each problem once: an insecure page is the same one for both devices. */
function problemsOf({ microphone, camera }: LocalState): Problem[] {
  const problems = [microphone.problem, camera.problem].filter((problem) => problem !== null);
  return problems.filter(
    ({ message }, index) => problems.findIndex((other) => other.message === message) === index,
  );
}
