/** In the lobby: somebody in the call has to open the door. */

import type { Call, CallState } from "@connect/client";

import { useShortcuts, useStore } from "./hooks";
import { LogoIcon } from "./icons";
import { Devices, Preview } from "./Preview";

export function WaitingPage({ call, state }: { call: Call; state: CallState }) {
  const { media } = call;
  const local = useStore(media.state);
  useShortcuts({
    m: () => void media.setMicrophone(!local.microphone.on),
    v: () => void media.setCamera(!local.camera.on),
  });
  return (
    <div className="page entrance waits" data-testid="waiting-screen">
      <header className="page-header">
        <p className="logo">
          <LogoIcon /> Connect
        </p>
      </header>
      <main className="entrance-body">
        <section className="entrance-preview" aria-label="Preview">
          <Preview local={local} media={media} name={state.displayName} />
          <Devices local={local} media={media} />
        </section>
        <div className="entrance-form">
          <p className="eyebrow">{state.roomName}</p>
          <div role="status">
            <h1>Somebody will let you in</h1>
            <p className="lead">
              {state.problem
                ? `${state.problem.message} Trying again…`
                : "They know that you are here. Nobody sees or hears you until then."}
            </p>
          </div>
          <div className="waiting" aria-hidden="true">
            <span />
            <span />
            <span />
          </div>
          <button type="button" className="button" data-testid="leave-button" onClick={() => call.leave()}>
            Leave
          </button>
        </div>
      </main>
    </div>
  );
}
