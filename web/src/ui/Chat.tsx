/** What people write to each other. */

import type { Call, CallState, ChatMessage } from "@connect/client";
import { useEffect, useRef, useState } from "react";

import { useAction } from "./form";
import { Panel } from "./Panel";
import { STRINGS } from "./strings";
import { wordsFor } from "./words";

/** What the server takes, in characters. */
const LONGEST = 2000;

interface ChatPanelProps {
  call: Call;
  state: CallState;
  onClose: () => void;
}

export function ChatPanel({ call, state, onClose }: ChatPanelProps) {
  return (
    <Panel title={STRINGS.chat.title} testId="chat-panel" onClose={onClose}>
      <Messages chat={state.chat} peerId={state.peerId} />
      {state.permissions.canPublishData && <Composer call={call} />}
    </Panel>
  );
}

function Messages({ chat, peerId }: { chat: readonly ChatMessage[]; peerId: string }) {
  const list = useRef<HTMLDivElement>(null);
  const newest = chat.at(-1)?.id;
  useEffect(() => {
    const element = list.current;
    if (element) element.scrollTop = element.scrollHeight;
  }, [newest]);
  return (
    <div ref={list} className="messages" role="log" aria-label={STRINGS.chat.title} tabIndex={0}>
      {chat.length === 0 && <p className="quiet">{STRINGS.chat.empty}</p>}
      {chat.map((message) => (
        <article
          key={message.id}
          className="message-line"
          data-testid="chat-message"
          data-peer-id={message.peerId}
        >
          <p className="message-head">
            <b>{message.peerId === peerId ? STRINGS.chat.you : message.displayName}</b>{" "}
            <time dateTime={new Date(message.sentAt).toISOString()}>{clock(message.sentAt)}</time>
          </p>
          <p className="message-text">{message.text}</p>
        </article>
      ))}
    </div>
  );
}

function Composer({ call }: { call: Call }) {
  const [text, setText] = useState("");
  const words = text.trim();
  const send = useAction(async () => {
    await call.meeting.say(words);
    // What was typed while it was sent stays.
    setText((now) => (now === text ? "" : now));
  });
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (words) void send.run();
      }}
    >
      {send.error !== null && (
        <p className="problem" role="alert" data-testid="error-message">
          {wordsFor(send.error)}
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
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button
        type="submit"
        className="button small primary"
        data-testid="chat-send"
        aria-disabled={send.pending || !words}
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

/** The time of day, as the browser's language writes it. */
function clock(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
