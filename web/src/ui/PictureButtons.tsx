/** What one can do with a picture on the stage. */

import { useEffect, useState, type RefObject } from "react";

import type { Attempts } from "./attempts";
import { InWindowIcon, PinIcon } from "./icons";
import { STRINGS } from "./strings";

interface PinButtonProps {
  /** Whose picture. */
  what: string;
  pinned: boolean;
  onPin: () => void;
}

export function PinButton({ what, pinned, onPin }: PinButtonProps) {
  return (
    <button
      type="button"
      className="picture-button"
      data-testid="pin-button"
      aria-label={STRINGS.stage.pin(what)}
      aria-pressed={pinned}
      title={pinned ? STRINGS.stage.unpinHint : STRINGS.stage.pinHint}
      onClick={onPin}
    >
      <PinIcon />
    </button>
  );
}

interface PictureInPictureButtonProps {
  video: RefObject<HTMLVideoElement | null>;
  what: string;
  attempts: Attempts;
}

/** Shows a video in a window over all others, and brings it back. Nothing where the browser can't. */
export function PictureInPictureButton({ video, what, attempts }: PictureInPictureButtonProps) {
  const out = useInWindow(video);
  if (!document.pictureInPictureEnabled) return null;
  const toggle = async () => {
    if (out) await document.exitPictureInPicture();
    else await video.current?.requestPictureInPicture();
  };
  return (
    <button
      type="button"
      className="picture-button pip"
      data-testid="pip-button"
      aria-label={STRINGS.stage.pip(what)}
      aria-pressed={out}
      title={out ? STRINGS.stage.pipEnd : STRINGS.stage.pipHint}
      onClick={() => void attempts.attempt(toggle)}
    >
      <InWindowIcon />
    </button>
  );
}

/** Whether a video is in a window of its own at the moment. */
function useInWindow(video: RefObject<HTMLVideoElement | null>): boolean {
  const [out, setOut] = useState(false);
  useEffect(() => {
    const entered = ({ target }: Event) => setOut(target === video.current);
    const left = ({ target }: Event) => {
      if (target !== video.current) return;
      setOut(false);
      // Whoever closes the window also stops the video. One that has gone from the page can't go on.
      video.current?.play().catch((error: unknown) => console.debug("the video does not go on", error));
    };
    document.addEventListener("enterpictureinpicture", entered, true);
    document.addEventListener("leavepictureinpicture", left, true);
    return () => {
      document.removeEventListener("enterpictureinpicture", entered, true);
      document.removeEventListener("leavepictureinpicture", left, true);
    };
  }, [video]);
  return out;
}
