/** For moderators: who waits to be let in. */

import type { Call, LobbyPeer } from "@connect/client";
import { useEffect, useRef, useState } from "react";

import { Avatar } from "./Avatar";
import { useAction } from "./form";
import { wordsFor } from "./words";

export function LobbyList({ call, lobby }: { call: Call; lobby: readonly LobbyPeer[] }) {
  const news = useArrivals(lobby);
  const admitAll = useAction(() => call.moderation.admitAll());
  return (
    <>
      <p className="visually-hidden" role="status">
        {news}
      </p>
      {lobby.length > 0 && (
        <section className="lobby" aria-label="Lobby" data-testid="lobby">
          <div className="lobby-head">
            <h2>
              <span className="badge" data-testid="lobby-count">
                {lobby.length}
              </span>
              {lobby.length === 1 ? "Somebody waits to be let in" : "People wait to be let in"}
            </h2>
            {lobby.length > 1 && (
              <button
                type="button"
                className="button small"
                data-testid="admit-all-button"
                aria-disabled={admitAll.pending}
                onClick={() => void admitAll.run()}
              >
                Admit all
              </button>
            )}
          </div>
          <ul>
            {lobby.map((peer) => (
              <Waiting key={peer.peerId} call={call} peer={peer} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Waiting({ call, peer: { peerId, displayName } }: { call: Call; peer: LobbyPeer }) {
  const admit = useAction(() => call.moderation.admit(peerId));
  const reject = useAction(() => call.moderation.reject(peerId));
  const busy = admit.pending || reject.pending;
  const error = admit.error ?? reject.error;
  return (
    <li className="lobby-entry" data-testid="lobby-entry" data-peer-id={peerId}>
      <Avatar name={displayName} id={peerId} />
      <span className="lobby-name">
        {displayName}
        {error !== null && <span className="field-problem"> {wordsFor(error)}</span>}
      </span>
      <button
        type="button"
        className="button small primary"
        data-testid="admit-button"
        aria-label={`Admit ${displayName}`}
        aria-disabled={busy}
        onClick={() => void admit.run()}
      >
        Admit
      </button>
      <button
        type="button"
        className="button small"
        data-testid="reject-button"
        aria-label={`Reject ${displayName}`}
        aria-disabled={busy}
        onClick={() => void reject.run()}
      >
        Reject
      </button>
    </li>
  );
}

/** What to say aloud: who came last. */
function useArrivals(lobby: readonly LobbyPeer[]): string {
  const [news, setNews] = useState("");
  const known = useRef(new Set<string>());
  useEffect(() => {
    const arrived = lobby.filter(({ peerId }) => !known.current.has(peerId));
    known.current = new Set(lobby.map(({ peerId }) => peerId));
    if (lobby.length === 0) setNews("");
    else if (arrived.length > 0) {
      const names = arrived.map(({ displayName }) => displayName).join(", ");
      setNews(`${names} ${arrived.length === 1 ? "waits" : "wait"} to be let in.`);
    }
  }, [lobby]);
  return news;
}
