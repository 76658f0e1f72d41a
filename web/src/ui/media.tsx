/** Tracks on the page. */

import type { Subscriptions } from "@connect/client";
import { useEffect, useImperativeHandle, useRef, useState, type Ref } from "react";

import type { Playback } from "./playback";

interface VideoProps {
  track: MediaStreamTrack;
  /** Whether to show it as a mirror does: what people expect of their own picture. */
  mirrored?: boolean;
  testId?: string;
  /** Who shall hear how large it is shown, and of which producer it is; nobody for what is not received. */
  subscriptions?: Subscriptions;
  producerId?: string | null;
  ref?: Ref<HTMLVideoElement | null>;
}

export function Video({ track, mirrored = false, testId, subscriptions, producerId = null, ref }: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  useImperativeHandle<HTMLVideoElement | null, HTMLVideoElement | null>(ref, () => element.current, []);
  useEffect(() => {
    const video = element.current;
    if (!video) return;
    video.srcObject = new MediaStream([track]);
    return () => void (video.srcObject = null);
  }, [track]);
  useEffect(() => {
    if (!element.current || !subscriptions || producerId === null) return;
    return subscriptions.observeVideo(element.current, { producerId });
  }, [subscriptions, producerId]);
  // Telephones send upright pictures, of which a wide tile would cut off most.
  const [upright, setUpright] = useState(false);
  return (
    <video
      ref={element}
      className={[mirrored && "mirrored", upright && "upright"].filter(Boolean).join(" ")}
      data-testid={testId}
      autoPlay
      playsInline
      onResize={({ currentTarget: { videoWidth, videoHeight } }) => setUpright(videoHeight > videoWidth)}
      muted
    />
  );
}

export function Audio({ track, playback }: { track: MediaStreamTrack; playback: Playback }) {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => (element.current ? playback.play(element.current, track) : undefined), [track, playback]);
  return <audio ref={element} />;
}
