/** Tracks on the page. */

import type { Subscriptions } from "@connect/client";
import { useEffect, useRef } from "react";

import type { Playback } from "./playback";

interface VideoProps {
  track: MediaStreamTrack;
  /** Whether to show it as a mirror does: what people expect of their own picture. */
  mirrored?: boolean;
  testId?: string;
  /** Who shall hear how large it is shown, and of which producer it is; nobody for what is not received. */
  subscriptions?: Subscriptions;
  producerId?: string | null;
}

export function Video({ track, mirrored = false, testId, subscriptions, producerId = null }: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
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
  return (
    <video
      ref={element}
      className={mirrored ? "mirrored" : undefined}
      data-testid={testId}
      autoPlay
      playsInline
      muted
    />
  );
}

export function Audio({ track, playback }: { track: MediaStreamTrack; playback: Playback }) {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => (element.current ? playback.play(element.current, track) : undefined), [track, playback]);
  return <audio ref={element} />;
}
