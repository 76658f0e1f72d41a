/** Ways for media that break, and how others are found. */

import { testFakeParameters, type types } from "mediasoup-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { CallError, ConnectionLostError } from "../src/errors";
import { Route } from "../src/route";
import { createDevice } from "./fakes";

const ICE = { usernameFragment: "u", password: "p" };
const OPTIONS = { patience: 1_000, firstWait: 2_000, attempts: 2 };

class FakeConnection extends EventTarget {
  type = "wifi";

  becomes(type: string): void {
    this.type = type;
    this.dispatchEvent(new Event("change"));
  }
}

describe("Route", () => {
  let transport: types.Transport;
  let route: Route;
  let connection: FakeConnection;
  let machine: EventTarget;
  const restart = vi.fn<() => Promise<types.IceParameters>>();
  const onMedia = vi.fn();
  const onBroken = vi.fn();
  const onUnanswered = vi.fn();

  beforeEach(async () => {
    for (const mock of [restart, onMedia, onBroken, onUnanswered]) mock.mockReset();
    restart.mockResolvedValue(ICE);
    machine = new EventTarget();
    connection = new FakeConnection();
    vi.stubGlobal("navigator", { connection, userAgent: "" });
    vi.stubGlobal("addEventListener", machine.addEventListener.bind(machine));
    vi.stubGlobal("removeEventListener", machine.removeEventListener.bind(machine));
    const device = await createDevice();
    await device.load({ routerRtpCapabilities: testFakeParameters.generateRouterRtpCapabilities() });
    transport = device.createSendTransport(testFakeParameters.generateTransportRemoteParameters());
    vi.useFakeTimers();
    route = new Route(transport, restart, { onMedia, onBroken, onUnanswered }, OPTIONS);
  });

  afterEach(() => {
    route.close();
    vi.useRealTimers();
  });

  const becomes = (state: types.ConnectionState) => transport.handler.emit("@connectionstatechange", state);
  const after = (delay: number) => vi.advanceTimersByTimeAsync(delay);
  const restarts = () => restart.mock.calls.length;

  test("a way that is interrupted for a moment is left alone", async () => {
    becomes("connected");
    becomes("disconnected");
    await after(900);
    becomes("connected");
    await after(60_000);
    expect(restarts()).toBe(0);
  });

  test("a way that stays interrupted is repaired", async () => {
    becomes("connected");
    becomes("disconnected");
    await after(1_100);
    expect(restarts()).toBe(1);
    becomes("connected");
    await after(60_000);
    expect(restarts()).toBe(1);
  });

  test("that nothing gets through is told, and that it does again", () => {
    for (const state of ["connected", "failed", "connected"] as const) becomes(state);
    expect(onMedia.mock.calls).toEqual([[true], [false], [true]]);
  });

  test("after some repairs in vain it is given up, each having had longer than the one before", async () => {
    becomes("failed");
    expect(restarts()).toBe(1);
    await after(1_900);
    expect(restarts()).toBe(1);
    await after(200);
    expect(restarts()).toBe(2);
    await after(3_800);
    expect(onBroken).not.toHaveBeenCalled();
    await after(200);
    expect(onBroken).toHaveBeenCalledTimes(1);
    expect(restarts()).toBe(2);
  });

  test("a repair that nobody answers is followed by another", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    restart.mockRejectedValueOnce(new Error("no answer"));
    becomes("failed");
    await after(2_100);
    expect(restarts()).toBe(2);
    becomes("connected");
    await after(60_000);
    expect(onBroken).not.toHaveBeenCalled();
  });

  test("when the server is not heard any more, that is told before the browser notices", async () => {
    restart.mockReturnValue(new Promise(() => {}));
    becomes("connected");
    machine.dispatchEvent(new Event("online"));
    await after(1_900);
    expect(onUnanswered).not.toHaveBeenCalled();
    await after(200);
    expect(onUnanswered).toHaveBeenCalledTimes(1);
    route.hold();
    await after(60_000);
    expect(restarts()).toBe(1);
    route.resume();
    expect(restarts()).toBe(2);
    expect(onBroken).not.toHaveBeenCalled();
  });

  test("without a connection to the server there is nobody to ask: repairs wait for the next one", async () => {
    becomes("connected");
    route.hold();
    becomes("disconnected");
    becomes("failed");
    await after(60_000);
    expect([restarts(), onBroken.mock.calls.length]).toEqual([0, 0]);
    route.resume();
    expect(restarts()).toBe(1);
  });

  test("a way that works, or does again, is left alone by another connection to the server", async () => {
    becomes("failed");
    expect(restarts()).toBe(1);
    route.hold();
    becomes("connected");
    route.resume();
    await after(60_000);
    expect(restarts()).toBe(1);
  });

  test("another network while there is no connection to the server is used on the next one", async () => {
    becomes("connected");
    route.hold();
    machine.dispatchEvent(new Event("online"));
    expect(restarts()).toBe(0);
    route.resume();
    expect(restarts()).toBe(1);
  });

  test("a transport that the server does not know any more is given up at once", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    restart.mockRejectedValue(new CallError(404, "no such transport", "not_found"));
    becomes("failed");
    await after(0);
    expect(onBroken).toHaveBeenCalledTimes(1);
    await after(60_000);
    expect(restarts()).toBe(1);
  });

  test("what happens after the end of the session is no concern", async () => {
    restart.mockRejectedValue(new ConnectionLostError());
    becomes("failed");
    await after(0);
    route.close();
    becomes("connected");
    becomes("failed");
    await after(60_000);
    expect(restarts()).toBe(1);
    expect(onBroken).not.toHaveBeenCalled();
  });

  test("another network is used at once, and asked for again when that does not help", async () => {
    becomes("connected");
    machine.dispatchEvent(new Event("online"));
    expect(restarts()).toBe(1);
    connection.becomes("wifi");
    connection.becomes("none");
    expect(restarts()).toBe(1);
    connection.becomes("cellular");
    expect(restarts()).toBe(2);
    becomes("disconnected");
    await after(2_100);
    expect(restarts()).toBe(3);
  });

  test("where the network may be another one, it is looked whether anything still comes", async () => {
    let bytesReceived = 0;
    let step = 100;
    const pair = () => ({ type: "candidate-pair", bytesReceived: (bytesReceived += step) });
    vi.spyOn(transport, "getStats").mockImplementation(async () => new Map([["pair", pair()]]) as RTCStatsReport);
    becomes("connected");
    connection.dispatchEvent(new Event("change"));
    await after(1_100);
    expect(restarts()).toBe(0);
    step = 0;
    connection.dispatchEvent(new Event("change"));
    await after(900);
    expect(restarts()).toBe(0);
    await after(200);
    expect(restarts()).toBe(1);
  });

  test("where the browser does not say what comes, nothing is repaired", async () => {
    vi.spyOn(console, "debug").mockReturnValue();
    vi.spyOn(transport, "getStats").mockRejectedValue(new Error("closed"));
    becomes("connected");
    connection.dispatchEvent(new Event("change"));
    await after(60_000);
    expect(restarts()).toBe(0);
  });

  test("before there is anything to send, networks may come and go", () => {
    machine.dispatchEvent(new Event("online"));
    expect(restart).not.toHaveBeenCalled();
  });
});
