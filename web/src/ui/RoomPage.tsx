/** One room: first its lobby, then the call, then the page after it. */

import { useEffect, useState } from "react";

import { Call, LocalMedia, type Problem } from "../client";
import { CallPage } from "./CallPage";
import { Lobby } from "./Lobby";
import { Message } from "./Message";
import { navigate } from "./navigation";
import { rememberName } from "./remember";

declare global {
  interface Window {
    /** The call of this page, for diagnosis in the browser's console and for end-to-end tests. */
    connect?: Call;
  }
}

/** One visit: what to open at its start, and the name with which to join at once, without the lobby. */
interface Visit {
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly joinAs: string | null;
}

type Phase =
  | { readonly name: "lobby" }
  | { readonly name: "call"; readonly call: Call }
  | { readonly name: "left"; readonly problem: Problem | null; readonly next: Visit };

const FIRST_VISIT: Visit = { microphone: true, camera: true, joinAs: null };

export function RoomPage({ roomId }: { roomId: string }) {
  const [visit, setVisit] = useState(FIRST_VISIT);
  const [phase, setPhase] = useState<Phase>({ name: "lobby" });
  const [media, setMedia] = useState<LocalMedia | null>(null);

  useEffect(() => {
    document.title = `${roomId} · Connect`;
    return () => void (document.title = "Connect");
  }, [roomId]);

  useEffect(() => {
    const opened = new LocalMedia();
    void opened.open(visit);
    setMedia(opened);
    if (visit.joinAs !== null) join(opened, visit.joinAs);
    return () => {
      window.connect?.leave();
      opened.stop();
    };
  }, [visit]);

  function join(own: LocalMedia, displayName: string): void {
    const call = new Call({ roomId, displayName, media: own });
    window.connect = call;
    const unsubscribe = call.state.subscribe(() => {
      const { status, problem } = call.state.get();
      if (status !== "ended") return;
      unsubscribe();
      const { microphone, camera } = own.state.get();
      own.stop();
      const next = { microphone: microphone.on, camera: camera.on, joinAs: displayName };
      setPhase({ name: "left", problem, next });
    });
    setPhase({ name: "call", call });
  }

  if (phase.name === "call") return <CallPage call={phase.call} />;
  if (phase.name === "left") {
    return (
      <Message
        title={phase.problem ? "The call has ended" : "You left the call"}
        problem={phase.problem}
        testId="left-screen"
      >
        <button
          type="button"
          className="button primary"
          data-testid="rejoin-button"
          onClick={() => setVisit(phase.next)}
          autoFocus
        >
          Join again
        </button>
        <button type="button" className="button" onClick={() => navigate("/")}>
          Back to the start
        </button>
      </Message>
    );
  }
  if (!media) return null;
  return (
    <Lobby
      roomId={roomId}
      media={media}
      onJoin={(name) => {
        rememberName(name);
        join(media, name);
      }}
    />
  );
}
