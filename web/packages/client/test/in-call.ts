/** A call in a room of the pretended server, for tests of what happens in it. */

import { expect, vi } from "vitest";

import { Call } from "../src/call";
import type { CallOptions } from "../src/call-options";
import { Door } from "../src/door";
import { LocalMedia } from "../src/local-media";
import { createDevice, QUICK } from "./fakes";

/** Start a call of Ada, `me`, and wait until it has joined. */
export async function joinedCall(options: Partial<CallOptions> = {}): Promise<Call> {
  const door = new Door({ roomId: "garden", peerId: "me", origin: "https://server" });
  const media = new LocalMedia();
  const call = new Call({ door, displayName: "Ada", media, createDevice, socketOptions: QUICK, ...options });
  await vi.waitFor(() => expect(call.state.get().status).toBe("joined"));
  return call;
}
