/** Data channels to the others. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Call } from "../src/call";
import { ConnectionLostError } from "../src/errors";
import { FakeMediaDevices, FakeServer, Refusal } from "./fakes";
import { joinedCall } from "./in-call";

describe("Call.openChannel", () => {
  let server: FakeServer;
  let call: Call;

  beforeEach(async () => {
    FakeMediaDevices.install();
    server = new FakeServer();
    server.answers["produceData"] = () => ({ id: "d1" });
    call = await joinedCall();
  });

  afterEach(() => call.leave());

  const asked = () => vi.waitFor(() => expect(server.asked("produceData")).toHaveLength(1));

  test("a lossy channel to some is asked for as such", async () => {
    const opening = call.openChannel("cursor", { lossy: true, to: ["grace"], protocol: "json" });
    opening.catch(() => undefined);
    await asked();
    expect(server.asked("produceData")).toMatchObject([
      {
        ...{ label: "cursor", protocol: "json", to: ["grace"], appData: {} },
        sctpStreamParameters: { ordered: false, maxRetransmits: 1 },
      },
    ]);
  });

  test("otherwise it is reliable, and for everyone", async () => {
    const opening = call.openChannel("notes");
    opening.catch(() => undefined);
    await asked();
    expect(server.asked("produceData")[0]).not.toHaveProperty("to");
    expect(server.asked("produceData")).toMatchObject([{ sctpStreamParameters: { ordered: true } }]);
  });

  test("who may not send data is told so", async () => {
    server.answers["produceData"] = () => {
      throw new Refusal(403, "not with this token", "not_allowed");
    };
    await expect(call.openChannel("notes")).rejects.toMatchObject({ errorName: "not_allowed" });
  });

  test("without a connection there is none", async () => {
    const opening = call.openChannel("notes");
    await asked();
    server.socket?.end(1006);
    await expect(opening).rejects.toThrow(ConnectionLostError);
    await expect(call.openChannel("notes")).rejects.toThrow(ConnectionLostError);
  });
});
