/** Those who wait are rejected all at once. */

import { CallError, type Call } from "@connect/client";
import { expect, test, vi } from "vitest";

import { rejectEach } from "../src/ui/LobbyList";

const LOBBY = ["eve", "frank", "grace"].map((peerId) => ({ peerId, displayName: peerId }));

test("who has left meanwhile is no trouble", async () => {
  const reject = rejecting("eve", new CallError(404, "nobody has this id", "not_found"));
  await rejectEach(callWith(reject), LOBBY);
  expect(reject.mock.calls).toEqual([["eve"], ["frank"], ["grace"]]);
});

test("what the server refuses is told, and nobody else is tried", async () => {
  const reject = rejecting("frank", new CallError(403, "only moderators may do that", "not_allowed"));
  await expect(rejectEach(callWith(reject), LOBBY)).rejects.toThrow("only moderators");
  expect(reject).toHaveBeenCalledTimes(2);
});

function rejecting(failing: string, error: Error) {
  return vi.fn(async (peerId: string) => {
    if (peerId === failing) throw error;
  });
}

function callWith(reject: (peerId: string) => Promise<void>): Call {
  return { moderation: { reject } } as unknown as Call;
}
