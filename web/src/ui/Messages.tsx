/** What was said. */

import type { ChatMessage } from "@connect/client";
import { useLayoutEffect, useRef } from "react";

import { STRINGS } from "./strings";

/** So near to its end, in CSS pixels, a list is at its end: about one line. */
const NEAR = 24;

interface MessagesProps {
  chat: readonly ChatMessage[];
  peerId: string;
}

export function Messages({ chat, peerId }: MessagesProps) {
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const newest = chat.at(-1);
  // Before the next scroll event, which would find that the list has become longer.
  useLayoutEffect(() => {
    const element = list.current;
    // Who reads what was said before goes on reading.
    if (!element || !(atEnd.current || newest?.peerId === peerId)) return;
    element.scrollTop = element.scrollHeight;
    atEnd.current = true;
  }, [newest?.id]);
  return (
    <div
      ref={list}
      className="messages"
      role="log"
      aria-label={STRINGS.chat.title}
      tabIndex={0}
      onScroll={({ currentTarget }) => (atEnd.current = isAtEnd(currentTarget))}
    >
      {chat.length === 0 && <p className="quiet">{STRINGS.chat.empty}</p>}
      {chat.map((message) => (
        <article
          key={message.id}
          className="message-line"
          data-testid="chat-message"
          data-peer-id={message.peerId}
        >
          <p className="message-head">
            <b dir="auto">{message.peerId === peerId ? STRINGS.chat.you : message.displayName}</b>{" "}
            <time dateTime={new Date(message.sentAt).toISOString()}>{clock(message.sentAt)}</time>
          </p>
          <p className="message-text" dir="auto">
            {message.text}
          </p>
        </article>
      ))}
    </div>
  );
}

function isAtEnd({ scrollTop, scrollHeight, clientHeight }: Element): boolean {
  return scrollHeight - scrollTop - clientHeight < NEAR;
}

/** The time of day, as the browser's language writes it. */
function clock(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
