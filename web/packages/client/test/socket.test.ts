import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Address } from "../src/door";
import { DEFAULT_SOCKET_OPTIONS, ReconnectingSocket } from "../src/socket";
import { FakeWebSocket, QUICK } from "./fakes";

describe("ReconnectingSocket", () => {
  let socket: ReconnectingSocket;
  let heard: unknown[][];

  const last = (): FakeWebSocket => FakeWebSocket.made.at(-1) as FakeWebSocket;

  beforeEach(() => {
    vi.useFakeTimers();
    FakeWebSocket.install();
    socket = new ReconnectingSocket({ url: "ws://server/ws", token: null });
    heard = [];
    for (const event of ["open", "message", "failed", "disconnected", "close"] as const) {
      socket.on(event, (...args: unknown[]) => heard.push([event, ...args]));
    }
  });

  afterEach(() => {
    socket.close();
    vi.useRealTimers();
  });

  test("speaks the protoo subprotocol", () => {
    expect([last().url, last().protocols]).toEqual(["ws://server/ws", ["protoo"]]);
  });

  test("tells of messages, and drops what is not JSON", () => {
    vi.spyOn(console, "warn").mockReturnValue();
    last().accept();
    last().onmessage?.({ data: "{" });
    last().receive({ notification: true, method: "hello" });
    expect(heard).toEqual([["open"], ["message", { notification: true, method: "hello" }]]);
  });

  test("comes back after a loss, and tells why it lost the connection", () => {
    last().accept();
    last().end(1012, "restart");
    expect(heard.at(-1)).toEqual(["disconnected", { code: 1012, reason: "restart" }]);
    expect(FakeWebSocket.made).toHaveLength(1);
    vi.advanceTimersByTime(DEFAULT_SOCKET_OPTIONS.firstDelay);
    expect(FakeWebSocket.made).toHaveLength(2);
  });

  test("comes back at once, then waits longer from attempt to attempt, up to a limit", () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      const made = FakeWebSocket.made.length;
      last().end(1006);
      const since = Date.now();
      vi.advanceTimersToNextTimer();
      expect(FakeWebSocket.made).toHaveLength(made + 1);
      waits.push(Date.now() - since);
    }
    expect(waits).toEqual([0, 300, 1200, 2700, 4800, 7500, 10_000]);
  });

  test("starts with short waits again once it was healthy", () => {
    for (let attempt = 0; attempt < 4; attempt++) {
      last().end(1006);
      vi.advanceTimersByTime(DEFAULT_SOCKET_OPTIONS.longestDelay);
    }
    last().accept();
    socket.healthy();
    const made = FakeWebSocket.made.length;
    last().end(1006);
    vi.advanceTimersByTime(DEFAULT_SOCKET_OPTIONS.firstDelay);
    expect(FakeWebSocket.made).toHaveLength(made + 1);
  });

  test("does not come back when the server closed for good", () => {
    last().accept();
    last().end(4000, "replaced");
    vi.advanceTimersByTime(60_000);
    expect(heard.at(-1)).toEqual(["close", { code: 4000, reason: "replaced" }]);
    expect(socket.closed).toBe(true);
    expect(FakeWebSocket.made).toHaveLength(1);
  });

  test("gives up after its time, though the server accepts and drops it each time", () => {
    while (!socket.closed) {
      last().accept();
      last().end(1011);
      vi.advanceTimersByTime(DEFAULT_SOCKET_OPTIONS.longestDelay);
    }
    expect(heard.at(-1)).toEqual(["close", null]);
    expect(Date.now()).toBeGreaterThanOrEqual(DEFAULT_SOCKET_OPTIONS.giveUpAfter);
  });

  test("takes an attempt that hangs for a failed one", () => {
    vi.advanceTimersByTime(DEFAULT_SOCKET_OPTIONS.connectTimeout);
    expect(heard).toEqual([["failed", 1, undefined]]);
    vi.advanceTimersByTime(DEFAULT_SOCKET_OPTIONS.longestDelay);
    expect(FakeWebSocket.made).toHaveLength(2);
  });

  test("another network ends waits and attempts over the one before, and leaves what is open", () => {
    const machine = new EventTarget();
    vi.stubGlobal("addEventListener", machine.addEventListener.bind(machine));
    vi.stubGlobal("removeEventListener", machine.removeEventListener.bind(machine));
    socket.close();
    socket = new ReconnectingSocket({ url: "ws://server/ws", token: null });
    const { length } = FakeWebSocket.made;
    const made = () => FakeWebSocket.made.length - length;
    machine.dispatchEvent(new Event("online"));
    expect(made()).toBe(1);
    last().accept();
    machine.dispatchEvent(new Event("online"));
    expect(made()).toBe(1);
    last().end(1006);
    machine.dispatchEvent(new Event("online"));
    expect(made()).toBe(2);
    vi.advanceTimersByTime(DEFAULT_SOCKET_OPTIONS.longestDelay);
    expect(made()).toBe(2);
    socket.close();
    machine.dispatchEvent(new Event("online"));
    expect(made()).toBe(2);
    vi.unstubAllGlobals();
  });

  test("tells the server whether this is the end, or another connection follows", () => {
    const [first] = FakeWebSocket.made;
    first?.accept();
    socket.reconnect("to try another");
    // Codes above 4000 say nothing to servers but that it is not 1000: "done here".
    expect(first?.closedWith).toBe(4900);
    vi.advanceTimersToNextTimer();
    last().accept();
    socket.close();
    expect(last().closedWith).toBe(1000);
  });

  test("refuses to send without a connection", async () => {
    await expect(socket.send({})).rejects.toThrow("not connected");
  });

  test("is deaf once closed", () => {
    const [first] = FakeWebSocket.made;
    socket.close();
    first?.accept();
    vi.advanceTimersByTime(60_000);
    expect(heard).toEqual([["close", { code: 1000, reason: "closed here" }]]);
    expect(FakeWebSocket.made).toHaveLength(1);
  });
});

describe("ReconnectingSocket with an address that has to be asked for", () => {
  const start = (address: () => Promise<Address>) => {
    FakeWebSocket.install();
    const socket = new ReconnectingSocket(address, QUICK);
    const failures: unknown[] = [];
    socket.on("failed", (_attempt, error) => failures.push(error));
    return { socket, failures };
  };

  test("asks before each attempt", async () => {
    let asked = 0;
    const { socket } = start(async () => ({ url: `ws://server/${++asked}`, token: "t" }));
    await vi.waitFor(() => expect(FakeWebSocket.made).toHaveLength(1));
    FakeWebSocket.made[0]?.end(1006);
    await vi.waitFor(() =>
      expect(FakeWebSocket.made.map(({ url }) => url)).toEqual(["ws://server/1", "ws://server/2"]),
    );
    expect(FakeWebSocket.made[1]?.protocols).toEqual(["protoo", "bearer.t"]);
    socket.close();
  });

  test("tells why there is none, and asks again", async () => {
    const refusal = new Error("no database");
    let refusals = 1;
    const { socket, failures } = start(async () => {
      if (refusals-- > 0) throw refusal;
      return { url: "ws://server/ws", token: null };
    });
    await vi.waitFor(() => expect(FakeWebSocket.made).toHaveLength(1));
    expect(failures).toEqual([refusal]);
    socket.close();
  });

  test("an answer that comes after the end opens nothing", async () => {
    let answer: (address: Address) => void = () => undefined;
    const { socket } = start(() => new Promise((resolve) => (answer = resolve)));
    socket.close();
    answer({ url: "ws://server/ws", token: null });
    await Promise.resolve();
    expect(FakeWebSocket.made).toEqual([]);
  });

  test("an answer that never comes is a failed attempt", async () => {
    const { socket, failures } = start(() => new Promise(() => undefined));
    await vi.waitFor(() => expect(failures.length).toBeGreaterThan(0));
    expect(socket.closed).toBe(false);
    socket.close();
  });
});
