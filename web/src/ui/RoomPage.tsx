/** One room: first its entrance, then the call, then the page after it. */

import { Call, Door, LocalMedia, type ChosenDevices, type Problem } from "@connect/client";
import { useEffect, useState } from "react";

import { CallPage } from "./CallPage";
import { Entrance, SignInFirst } from "./Entrance";
import { Message } from "./Message";
import { navigate } from "./navigation";
import { rememberName } from "./remember";
import { api } from "./server";
import { STRINGS } from "./strings";

const WORDS = STRINGS.left;

declare global {
  interface Window {
    /** The call of this page, for diagnosis in the browser's console and for end-to-end tests. */
    connect?: Call;
  }
}

/** One visit: what to open at its start, and the name with which to join at once, past the entrance. */
interface Visit {
  readonly microphone: boolean;
  readonly camera: boolean;
  /** The devices that were chosen before. */
  readonly chosen: Partial<ChosenDevices>;
  readonly joinAs: string | null;
  /** The way in of the visit before: whoever was let in once is still the same guest. */
  readonly door: Door | null;
}

type Phase =
  | { readonly name: "entrance" }
  | { readonly name: "call"; readonly call: Call }
  | { readonly name: "left"; readonly problem: Problem | null; readonly next: Visit };

const FIRST_VISIT: Visit = { microphone: true, camera: true, chosen: {}, joinAs: null, door: null };

export function RoomPage({ roomId }: { roomId: string }) {
  const [visit, setVisit] = useState(FIRST_VISIT);
  const [phase, setPhase] = useState<Phase>({ name: "entrance" });
  const [media, setMedia] = useState<LocalMedia | null>(null);

  useEffect(() => {
    const opened = new LocalMedia(visit.chosen);
    void opened.open(visit);
    setMedia(opened);
    if (visit.joinAs !== null) join(opened, visit.joinAs, visit.door);
    return () => {
      window.connect?.leave();
      opened.stop();
    };
  }, [visit]);

  function join(own: LocalMedia, displayName: string, door: Door | null = null): void {
    const entered = door ?? new Door({ roomId, enter: () => api.join(roomId, displayName) });
    const call = new Call({ door: entered, displayName, media: own });
    window.connect = call;
    const unsubscribe = call.state.subscribe(() => {
      const { status, problem, displayName: joinAs } = call.state.get();
      if (status !== "ended") return;
      unsubscribe();
      const { microphone, camera, chosen } = own.state.get();
      own.stop();
      const next = { microphone: microphone.on, camera: camera.on, chosen, joinAs, door: entered };
      setPhase({ name: "left", problem, next });
    });
    setPhase({ name: "call", call });
  }

  if (phase.name === "call") return <CallPage call={phase.call} />;
  if (phase.name === "left") return <Left problem={phase.problem} onRejoin={() => setVisit(phase.next)} />;
  if (!media) return null;
  return (
    <Entrance
      roomId={roomId}
      media={media}
      onJoin={(name) => {
        rememberName(name);
        join(media, name);
      }}
    />
  );
}

/** After the call, or instead of it. */
function Left({ problem, onRejoin }: { problem: Problem | null; onRejoin: () => void }) {
  const title = problem ? (WORDS.because[problem.code] ?? WORDS.over) : WORDS.byYourself;
  return (
    <Message title={title} problem={problem} testId="left-screen">
      {problem?.code === "account_needed" ? (
        <SignInFirst />
      ) : (
        problem?.code !== "banned" && (
          <button
            type="button"
            className="button primary"
            data-testid="rejoin-button"
            onClick={onRejoin}
            autoFocus
          >
            {problem ? WORDS.tryAgain : WORDS.again}
          </button>
        )
      )}
      <button type="button" className="button" onClick={() => navigate("/")}>
        {STRINGS.backToStart}
      </button>
    </Message>
  );
}
