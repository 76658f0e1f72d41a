/** The strip over the call: what it is doing, and what does not work. */

import type { Call, CallState, LocalState, Problem } from "@connect/client";

import { useElapsed, useStore } from "./hooks";
import { CloseIcon, SoundIcon } from "./icons";
import type { Playback } from "./playback";
import { STRINGS } from "./strings";

/** How long a connection may be lost without a word, in ms: most come back at once, and media flow on. */
const CALM = 1_000;

interface BannerProps {
  call: Call;
  state: CallState;
  local: LocalState;
  playback: Playback;
}

export function Banner({ call, state, local, playback }: BannerProps) {
  const { blocked } = useStore(playback.state);
  if (state.status === "reconnecting") return <Reconnecting state={state} />;
  if (state.status !== "joined") return <Progress state={state} />;
  if (state.problem) return <Trouble problem={state.problem} onDismiss={() => call.dismissProblem()} />;
  if (state.notice) return <Notice text={state.notice} onDismiss={() => call.moderation.dismissNotice()} />;
  if (blocked) {
    return (
      <button type="button" className="banner action" data-testid="banner" onClick={() => playback.unblock()}>
        <SoundIcon /> {STRINGS.banner.blocked}
      </button>
    );
  }
  const { microphone, camera, screen } = local;
  const problem = microphone.problem ?? camera.problem ?? screen.problem;
  if (problem) return <Trouble problem={problem} onDismiss={() => call.media.dismissProblems()} />;
  return null;
}

function Reconnecting({ state }: { state: CallState }) {
  return useElapsed(CALM) ? <Progress state={state} /> : null;
}

function Progress({ state: { status, problem } }: { state: CallState }) {
  const { reconnecting, again, joining } = STRINGS.banner;
  const doing = status === "reconnecting" ? reconnecting : problem ? again : joining;
  return (
    <div className="banner busy" role="status" data-testid="banner" data-status={status}>
      <span className="spinner" aria-hidden="true" />
      <p>
        {problem && <span data-testid="error-message">{problem.message} </span>}
        {doing}
      </p>
    </div>
  );
}

/** What somebody did to you. */
function Notice({ text, onDismiss }: { text: string; onDismiss: () => void }) {
  return (
    <div className="banner notice" role="status" data-testid="notice">
      <p>{text}</p>
      <button type="button" aria-label={STRINGS.dismiss} onClick={onDismiss}>
        <CloseIcon />
      </button>
    </div>
  );
}

function Trouble({ problem, onDismiss }: { problem: Problem; onDismiss: () => void }) {
  return (
    <div className="banner trouble" role="alert" data-testid="banner" data-problem={problem.code}>
      <p data-testid="error-message">{problem.message}</p>
      <button type="button" aria-label={STRINGS.dismiss} onClick={onDismiss}>
        <CloseIcon />
      </button>
    </div>
  );
}
