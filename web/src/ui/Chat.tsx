/** What people write to each other. */

import type { Call, CallState } from "@connect/client";
import { useEffect, useState } from "react";

import type { Composition } from "./composition";
import { useStore } from "./hooks";
import { Messages } from "./Messages";
import { Panel } from "./Panel";
import { STRINGS } from "./strings";
import { wordsFor } from "./words";

/** What the server takes, in characters. */
const LONGEST = 2000;

interface ChatPanelProps {
  state: CallState;
  composition: Composition;
  onClose: () => void;
}

export function ChatPanel({ state, composition, onClose }: ChatPanelProps) {
  return (
    <Panel title={STRINGS.chat.title} testId="chat-panel" onClose={onClose}>
      <Messages chat={state.chat} peerId={state.peerId} />
      {state.permissions.canPublishData && <Composer composition={composition} />}
    </Panel>
  );
}

function Composer({ composition }: { composition: Composition }) {
  const { text, error } = useStore(composition.state);
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        composition.send();
      }}
    >
      {error !== null && (
        <p className="problem" role="alert" data-testid="error-message">
          {wordsFor(error)}
        </p>
      )}
      <input
        className="input"
        data-testid="chat-input"
        data-first-focus
        aria-label={STRINGS.chat.input}
        placeholder={STRINGS.chat.input}
        maxLength={LONGEST}
        autoComplete="off"
        dir="auto"
        value={text}
        onChange={(event) => composition.write(event.target.value)}
      />
      <button
        type="submit"
        className="button small primary"
        data-testid="chat-send"
        aria-disabled={!text.trim()}
      >
        {STRINGS.chat.send}
      </button>
    </form>
  );
}

/** How many messages of others came while nobody looked. What was said before one came is not counted. */
export function useUnread(call: Call, looking: boolean): number {
  const [unread, setUnread] = useState(0);
  useEffect(() => {
    if (looking) return setUnread(0);
    return call.meeting.on("chat", ({ peerId }) => {
      if (peerId !== call.state.get().peerId) setUnread((count) => count + 1);
    });
  }, [call, looking]);
  return unread;
}
