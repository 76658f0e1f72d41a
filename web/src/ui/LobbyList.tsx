/** For moderators: who waits to be let in. */

import { CallError, type Call, type LobbyPeer } from "@connect/client";
import { useEffect, useRef, useState } from "react";

import { Avatar } from "./Avatar";
import { Confirm } from "./Confirm";
import { useAction } from "./form";
import { STRINGS } from "./strings";
import { wordsFor } from "./words";

const WORDS = STRINGS.lobby;

export function LobbyList({ call, lobby }: { call: Call; lobby: readonly LobbyPeer[] }) {
  const news = useArrivals(lobby);
  const admitAll = useAction(() => call.moderation.admitAll());
  const rejectAll = useAction(() => rejectEach(call, lobby));
  const error = admitAll.error ?? rejectAll.error;
  return (
    <>
      <p className="visually-hidden" role="status">
        {news}
      </p>
      {lobby.length > 0 && (
        <section className="lobby" aria-label={WORDS.label} data-testid="lobby">
          <div className="lobby-head">
            <h2>
              <span className="badge" data-testid="lobby-count">
                {lobby.length}
              </span>
              {WORDS.title(lobby.length)}
            </h2>
            {lobby.length > 1 && (
              <>
                <button
                  type="button"
                  className="button small"
                  data-testid="admit-all-button"
                  aria-disabled={admitAll.pending}
                  onClick={() => void admitAll.run()}
                >
                  {WORDS.admitAll}
                </button>
                <Confirm
                  label={WORDS.rejectAll}
                  question={WORDS.rejectAllQuestion}
                  of={WORDS.label}
                  testId="reject-all-button"
                  small
                  pending={rejectAll.pending}
                  onConfirm={() => void rejectAll.run()}
                />
              </>
            )}
          </div>
          {error !== null && <p className="field-problem">{wordsFor(error)}</p>}
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
        <bdi>{displayName}</bdi>
        {error !== null && <span className="field-problem"> {wordsFor(error)}</span>}
      </span>
      <button
        type="button"
        className="button small primary"
        data-testid="admit-button"
        aria-label={STRINGS.of(WORDS.admit, displayName)}
        aria-disabled={busy}
        onClick={() => void admit.run()}
      >
        {WORDS.admit}
      </button>
      <button
        type="button"
        className="button small"
        data-testid="reject-button"
        aria-label={STRINGS.of(WORDS.reject, displayName)}
        aria-disabled={busy}
        onClick={() => void reject.run()}
      >
        {WORDS.reject}
      </button>
    </li>
  );
}

/** One after the other; who has left meanwhile needs no rejection. */
export async function rejectEach({ moderation }: Call, lobby: readonly LobbyPeer[]): Promise<void> {
  for (const { peerId } of lobby) {
    try {
      await moderation.reject(peerId);
    } catch (error) {
      if (!(error instanceof CallError && error.errorName === "not_found")) throw error;
    }
  }
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
      setNews(WORDS.news(arrived.map(({ displayName }) => displayName)));
    }
  }, [lobby]);
  return news;
}
