import type { Call } from "@connect/client";
import { useEffect, useState } from "react";

import { STRINGS } from "./strings";

/** Says aloud what the others do: hands, reactions, and messages while the chat is closed. */
export function Announcements({ call, chatOpen }: { call: Call; chatOpen: boolean }) {
  const [news, setNews] = useState("");
  useEffect(() => {
    const nameOf = (id: string) => call.state.get().peers.find((peer) => peer.id === id)?.displayName;
    let raised = new Set(call.state.get().hands.map(({ peerId }) => peerId));
    const stops = [
      call.meeting.on("reaction", ({ peerId, reaction }) => {
        const name = nameOf(peerId);
        if (name) setNews(STRINGS.reactions.news(name, reaction));
      }),
      call.meeting.on("chat", ({ peerId, displayName, text }) => {
        // An open chat is a live region of its own.
        if (!chatOpen && peerId !== call.state.get().peerId) setNews(STRINGS.chat.news(displayName, text));
      }),
      call.state.subscribe(() => {
        const { hands } = call.state.get();
        const ids = hands.map(({ peerId }) => peerId);
        const name = ids.filter((id) => !raised.has(id)).map(nameOf).find(Boolean);
        raised = new Set(ids);
        if (name) setNews(STRINGS.hand.news(name));
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [call, chatOpen]);
  return (
    <p className="visually-hidden" role="status">
      {news}
    </p>
  );
}
