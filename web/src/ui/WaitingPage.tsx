/** In the lobby: somebody in the call has to open the door. */

import type { Call, CallState } from "@connect/client";

import { Devices } from "./Devices";
import { useStore } from "./hooks";
import { LogoIcon } from "./icons";
import { Preview } from "./Preview";
import { useShortcuts } from "./shortcuts";
import { STRINGS } from "./strings";
import { toggleCamera, toggleMicrophone } from "./toggles";

const WORDS = STRINGS.waiting;

export function WaitingPage({ call, state }: { call: Call; state: CallState }) {
  const { media } = call;
  const local = useStore(media.state);
  useShortcuts({
    microphone: () => toggleMicrophone(media),
    camera: () => toggleCamera(media),
  });
  return (
    <div className="page entrance waits" data-testid="waiting-screen">
      <header className="page-header">
        <p className="logo">
          <LogoIcon /> {STRINGS.brand}
        </p>
      </header>
      <main className="entrance-body">
        <section className="entrance-preview" aria-label={STRINGS.entrance.preview}>
          <Preview local={local} media={media} name={state.displayName} />
          <Devices local={local} media={media} />
        </section>
        <div className="entrance-form">
          <p className="eyebrow">{state.roomName}</p>
          <div role="status">
            <h1>{WORDS.heading}</h1>
            <p className="lead">{state.problem ? WORDS.trouble(state.problem.message) : WORDS.lead}</p>
          </div>
          <div className="waiting" aria-hidden="true">
            <span />
            <span />
            <span />
          </div>
          <button type="button" className="button" data-testid="leave-button" onClick={() => call.leave()}>
            {WORDS.leave}
          </button>
        </div>
      </main>
    </div>
  );
}
