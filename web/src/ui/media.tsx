/** Tracks on the page. */

import { useEffect, useRef } from "react";

import type { Playback } from "./playback";

interface VideoProps {
  track: MediaStreamTrack;
  /** Whether to show it as a mirror does: what people expect of their own picture. */
  mirrored?: boolean;
  testId?: string;
}

export function Video({ track, mirrored = false, testId }: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (!video) return;
    video.srcObject = new MediaStream([track]);
    return () => void (video.srcObject = null);
  }, [track]);
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
