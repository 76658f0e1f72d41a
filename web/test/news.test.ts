/** What is said aloud of a call. */

import type { CallState } from "@connect/client";
import { expect, test } from "vitest";

import { newsBetween } from "../src/ui/news";

test("who comes, who leaves, and who raises a hand", () => {
  const before = call(["bob", "cleo"], ["bob"]);
  const now = call(["cleo", "dora"], ["ada", "cleo"]);
  expect(newsBetween(before, now)).toBe("dora came in. bob left. cleo raised a hand.");
});

test("nothing new is nothing to say", () => {
  expect(newsBetween(call(["bob"], ["bob"]), call(["bob"], ["bob"]))).toBeNull();
});

test("whom one finds on joining, and loses with the connection, is no news", () => {
  const away = { ...call([], []), status: "reconnecting" } as CallState;
  expect(newsBetween(away, call(["bob"], ["bob"]))).toBeNull();
  expect(newsBetween(call(["bob"], ["bob"]), away)).toBeNull();
});

function call(peers: readonly string[], hands: readonly string[]): CallState {
  return {
    status: "joined",
    peerId: "ada",
    peers: peers.map((id) => ({ id, displayName: id })),
    hands: hands.map((peerId) => ({ peerId })),
  } as unknown as CallState;
}
