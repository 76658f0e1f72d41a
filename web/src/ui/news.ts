/** What happened between two moments of a call, in words for those who don't see it. Pure. */

import type { CallState } from "@connect/client";

import { STRINGS } from "./strings";

const { people, hand } = STRINGS;

/** Who came, who left, whose hand went up; null for nothing new. Whom one finds on joining has not just come. */
export function newsBetween(before: CallState, now: CallState): string | null {
  if (before.status !== "joined" || now.status !== "joined") return null;
  const came = now.peers.filter(({ id }) => !before.peers.some((peer) => peer.id === id));
  const left = before.peers.filter(({ id }) => !now.peers.some((peer) => peer.id === id));
  const raised = now.hands.filter(({ peerId }) => !before.hands.some((other) => other.peerId === peerId));
  const names = raised.flatMap(({ peerId }) => now.peers.find(({ id }) => id === peerId)?.displayName ?? []);
  const news = [
    ...came.map(({ displayName }) => people.came(displayName)),
    ...left.map(({ displayName }) => people.left(displayName)),
    ...names.map(hand.news),
  ];
  return news.length > 0 ? news.join(" ") : null;
}
