/** One's name, devices, how much is shown, and how the page looks. */

import type { Call } from "@connect/client";
import { useState } from "react";

import { useAttempts, type Attempts } from "./attempts";
import { CameraSelect, DeviceSelect, MicrophoneSelect } from "./Devices";
import { Dialog } from "./Dialog";
import { useStore } from "./hooks";
import { Level } from "./Level";
import { Video } from "./media";
import { NameSetting } from "./NameSetting";
import { canChooseSpeaker, type Playback } from "./playback";
import { rememberedTheme } from "./remember";
import { STRINGS } from "./strings";
import { chooseTheme, THEMES, type Theme } from "./theme";
import { wordsFor } from "./words";

/** What one may choose among, besides all of them. */
const VIDEO_COUNTS = [16, 9, 4];

interface SettingsDialogProps {
  call: Call;
  playback: Playback;
  onClose: () => void;
}

export function SettingsDialog({ call, playback, onClose }: SettingsDialogProps) {
  const { media } = call;
  const { settings } = STRINGS;
  const local = useStore(media.state);
  const { permissions, status } = useStore(call.state);
  const { microphone, camera } = local;
  const attempts = useAttempts(status);
  // What does not work with a device is said here, too: the banner is behind the dialog.
  const refused = attempts.error === null ? null : wordsFor(attempts.error);
  const problems = [microphone.problem?.message, camera.problem?.message, refused].flatMap((text) => text ?? []);
  return (
    <Dialog title={settings.title} testId="settings-dialog" onClose={onClose}>
      <div className="settings">
        <div className="settings-column">
          <div className="setting">
            <MicrophoneSelect local={local} media={media} />
            {microphone.on ? <Level track={microphone.track} /> : <p className="hint">{settings.muted}</p>}
          </div>
          <div className="setting">
            <CameraSelect local={local} media={media} />
            {camera.track ? (
              <Video track={camera.track} mirrored testId="settings-video" />
            ) : (
              <p className="hint">{camera.pending ? settings.cameraPending : settings.cameraOff}</p>
            )}
          </div>
        </div>
        <div className="settings-column">
          {permissions.canUpdateOwnMetadata && <NameSetting call={call} />}
          {canChooseSpeaker() && <SpeakerSelect {...{ call, playback, attempts }} />}
          <VideoCountSelect call={call} attempts={attempts} />
          <ThemeSelect />
        </div>
      </div>
      {problems.length > 0 && (
        <div className="problem" role="alert">
          {[...new Set(problems)].map((message) => (
            <p key={message}>{message}</p>
          ))}
        </div>
      )}
    </Dialog>
  );
}

interface SpeakerSelectProps {
  call: Call;
  playback: Playback;
  attempts: Attempts;
}

function SpeakerSelect({ call, playback, attempts }: SpeakerSelectProps) {
  const { speakers } = useStore(call.media.state);
  const { speaker } = useStore(playback.state);
  return (
    <DeviceSelect
      label={STRINGS.settings.speaker}
      testId="device-speaker"
      devices={speakers}
      current={speaker || "default"}
      none={STRINGS.settings.defaultDevice}
      onChoose={(id) => void attempts.attempt(() => playback.choose(id))}
    />
  );
}

function VideoCountSelect({ call, attempts }: { call: Call; attempts: Attempts }) {
  const { videos, allVideos, noVideos, videoCount } = STRINGS.settings;
  const { subscriptions } = call;
  const [lastN, setLastN] = useState(subscriptions.lastN);
  const choose = (count: number | null) => {
    setLastN(count);
    void attempts.attempt(() => subscriptions.setLastN(count));
  };
  return (
    <label className="device">
      {videos}
      <select
        className="input"
        data-testid="last-n-select"
        value={lastN ?? "all"}
        onChange={({ target: { value } }) => choose(value === "all" ? null : Number(value))}
      >
        <option value="all">{allVideos}</option>
        {VIDEO_COUNTS.map((count) => (
          <option key={count} value={count}>
            {videoCount(count)}
          </option>
        ))}
        <option value={0}>{noVideos}</option>
      </select>
    </label>
  );
}

function ThemeSelect() {
  const { theme: label, themes } = STRINGS.settings;
  const [theme, setTheme] = useState(rememberedTheme);
  return (
    <label className="device">
      {label}
      <select
        className="input"
        data-testid="theme-select"
        value={theme}
        onChange={({ target: { value } }) => {
          setTheme(value as Theme);
          chooseTheme(value as Theme);
        }}
      >
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {themes[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
