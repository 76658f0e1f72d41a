import type { Call } from "@connect/client";
import { useEffect, useState } from "react";

import { newsBetween } from "./news";
import { STRINGS } from "./strings";

/** Says aloud what the others do: coming, leaving, hands, reactions, and messages while the chat is closed. */
export function Announcements({ call, chatOpen }: { call: Call; chatOpen: boolean }) {
  const [news, setNews] = useState({ text: "", count: 0 });
  useEffect(() => {
    const say = (text: string) => setNews(({ count }) => ({ text, count: count + 1 }));
    let before = call.state.get();
    const stops = [
      call.meeting.on("reaction", ({ peerId, reaction }) => {
        const name = call.state.get().peers.find(({ id }) => id === peerId)?.displayName;
        if (name) say(STRINGS.reactions.news(name, reaction));
      }),
      call.meeting.on("chat", ({ peerId, displayName, text }) => {
        // An open chat is a live region of its own.
        if (!chatOpen && peerId !== call.state.get().peerId) say(STRINGS.chat.news(displayName, text));
      }),
      call.state.subscribe(() => {
        const now = call.state.get();
        const happened = newsBetween(before, now);
        before = now;
        if (happened) say(happened);
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [call, chatOpen]);
  return (
    <p className="visually-hidden" role="status" data-testid="news">
      {/* Another element each time: the same words, said again, are news, too. */}
      <span key={news.count}>{news.text}</span>
    </p>
  );
}
