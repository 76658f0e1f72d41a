/** A server that is not heard any more, though no websocket says so. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Pulse } from "../src/pulse";
import { ReconnectingSocket } from "../src/socket";
import { FakeWebSocket } from "./fakes";

const OPTIONS = { quiet: 4_000, patience: 3_000 };

describe("Pulse", () => {
  let socket: ReconnectingSocket;
  let connection: EventTarget;
  let navigator: { connection: EventTarget; onLine: boolean };
  const ask = vi.fn<() => Promise<unknown>>();
  const onDisconnected = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    FakeWebSocket.install();
    connection = new EventTarget();
    navigator = { connection, onLine: true };
    vi.stubGlobal("navigator", navigator);
    for (const mock of [ask, onDisconnected]) mock.mockReset();
    socket = new ReconnectingSocket({ url: "ws://server/ws", token: null });
    new Pulse(socket, ask, OPTIONS);
    socket.on("disconnected", onDisconnected);
    FakeWebSocket.made[0]?.accept();
  });

  afterEach(() => {
    socket.close();
    vi.useRealTimers();
  });

  const after = (delay: number) => vi.advanceTimersByTimeAsync(delay);

  test("a server that is heard is not asked", async () => {
    for (let second = 0; second < 30; second += 3) {
      FakeWebSocket.made[0]?.receive({ notification: true, method: "activeSpeaker" });
      await after(3_000);
    }
    expect(ask).not.toHaveBeenCalled();
  });

  test("a server that is quiet is asked, and left in peace when it answers, be it by a refusal", async () => {
    ask.mockResolvedValueOnce({});
    await after(4_100);
    expect(ask).toHaveBeenCalledTimes(1);
    FakeWebSocket.made[0]?.receive({ response: true });
    ask.mockRejectedValueOnce(new Error("no such method"));
    await after(4_100);
    expect(ask).toHaveBeenCalledTimes(2);
    await after(60_000);
    expect(onDisconnected).not.toHaveBeenCalled();
  });

  test("where there is no answer, another connection is made", async () => {
    ask.mockReturnValue(new Promise(() => {}));
    await after(6_900);
    expect(onDisconnected).not.toHaveBeenCalled();
    await after(200);
    expect(onDisconnected).toHaveBeenCalledExactlyOnceWith({ code: 1006, reason: "the server is not heard" });
    await after(500);
    expect(FakeWebSocket.made).toHaveLength(2);
    FakeWebSocket.made[1]?.accept();
    await after(4_100);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test("where the network may be another one, the server is asked at once, but not twice", async () => {
    ask.mockReturnValue(new Promise(() => {}));
    connection.dispatchEvent(new Event("change"));
    expect(ask).toHaveBeenCalledTimes(1);
    await after(2_900);
    connection.dispatchEvent(new Event("change"));
    // What was on its way before the network went is no answer.
    FakeWebSocket.made[0]?.receive({ notification: true, method: "activeSpeaker" });
    await after(200);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(onDisconnected).toHaveBeenCalledTimes(1);
  });

  test("without any network nobody is asked", () => {
    navigator.onLine = false;
    connection.dispatchEvent(new Event("change"));
    expect(ask).not.toHaveBeenCalled();
  });

  test("after the end it is quiet for good", async () => {
    socket.close();
    connection.dispatchEvent(new Event("change"));
    await after(60_000);
    expect(ask).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
