/** Yourself, as the others will see you, and the buttons that change it. */

import type { LocalMedia, LocalState } from "@connect/client";

import { Avatar } from "./Avatar";
import { Level } from "./Level";
import { Video } from "./media";
import { STRINGS } from "./strings";
import { CameraSwitch, MicrophoneSwitch } from "./Switch";

interface PreviewProps {
  local: LocalState;
  media: LocalMedia;
  name: string;
}

export function Preview({ local, media, name }: PreviewProps) {
  const { microphone, camera } = local;
  return (
    <div className="preview">
      {camera.track ? (
        <Video track={camera.track} mirrored testId="preview-video" />
      ) : (
        <div className="preview-empty">
          <Avatar name={name} id="you" />
          <p>{camera.pending ? STRINGS.settings.cameraPending : STRINGS.settings.cameraOff}</p>
        </div>
      )}
      <div className="preview-controls">
        <MicrophoneSwitch media={media} source={microphone} />
        <CameraSwitch media={media} source={camera} />
      </div>
      <Level track={microphone.on ? microphone.track : null} />
    </div>
  );
}
