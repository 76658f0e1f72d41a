import { afterEach, describe, expect, test, vi } from "vitest";

import { Door, type Pass } from "../src/door";

describe("Door", () => {
  const MINUTE = 60_000;
  let serial = 0;

  const pass = (more: Partial<Pass> = {}): Pass => ({
    token: `token-${++serial}`,
    peerId: "ada",
    url: "wss://calls.example.org/ws",
    expiresAt: new Date(Date.now() + MINUTE).toISOString(),
    ...more,
  });

  afterEach(() => void vi.useRealTimers());

  test("an open room needs no token", async () => {
    const door = new Door({ roomId: "garden", peerId: "me", origin: "https://server" });
    expect(await door.address()).toEqual({ url: "wss://server/ws?roomId=garden&peerId=me", token: null });
    expect(new Door({ roomId: "garden" }).peerId).toMatch(/^[0-9a-f]{16}$/);
  });

  test("a pass says where to go, and as whom", async () => {
    const door = new Door({ roomId: "garden", enter: async () => pass({ token: "t" }) });
    const url = "wss://calls.example.org/ws?roomId=garden&peerId=ada";
    expect(await door.address()).toEqual({ url, token: "t" });
    expect(door.peerId).toBe("ada");
  });

  test("a pass is kept as long as it is good", async () => {
    vi.useFakeTimers();
    const enter = vi.fn(async () => pass());
    const door = new Door({ roomId: "garden", enter });
    const first = await door.address();
    expect(await door.address()).toEqual(first);
    vi.advanceTimersByTime(MINUTE);
    expect(await door.address()).not.toEqual(first);
    expect(enter).toHaveBeenCalledTimes(2);
  });

  test("a pass that was good before and is refused now is asked for again", async () => {
    const enter = vi.fn(async () => pass());
    const door = new Door({ roomId: "garden", enter });
    await door.address();
    door.opened();
    expect(door.refused()).toBe(true);
    await door.address();
    expect(enter).toHaveBeenCalledTimes(2);
    expect(door.refused()).toBe(false);
  });

  test("who comes back to a session needs no other pass", async () => {
    vi.useFakeTimers();
    const enter = vi.fn(async () => pass());
    const door = new Door({ roomId: "garden", enter });
    await door.address();
    vi.advanceTimersByTime(MINUTE);
    const { url } = await door.address("secret");
    expect(new URL(url).searchParams.get("resume")).toBe("secret");
    expect(enter).toHaveBeenCalledTimes(1);
  });

  const hostOf = async (door: Door) => new URL((await door.address()).url).host;

  test("where nobody lets us in is another way, and back again", async () => {
    const fallbackUrl = "wss://any.example.org/ws";
    const door = new Door({ roomId: "garden", enter: async () => pass({ fallbackUrl }) });
    const visited = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      visited.push(await hostOf(door));
      door.missed();
    }
    expect(visited).toEqual(["calls.example.org", "any.example.org", "calls.example.org"]);
  });

  test("a pass that knows no other way leads there again", async () => {
    const door = new Door({ roomId: "garden", enter: async () => pass() });
    await door.address();
    door.missed();
    expect(await hostOf(door)).toBe("calls.example.org");
  });

  test("who is sent to another server goes there, and if that is not there whichever way leads to one", async () => {
    const door = new Door({ roomId: "garden", origin: "https://any.example.org" });
    await door.address();
    door.moveTo("wss://node2.example.org/ws");
    const { url } = await door.address();
    expect(url).toBe(`wss://node2.example.org/ws?roomId=garden&peerId=${door.peerId}`);
    door.missed();
    expect(await hostOf(door)).toBe("any.example.org");
  });

  test("who is sent away, but nowhere, goes whichever way leads to a server", async () => {
    const fallbackUrl = "wss://any.example.org/ws";
    const door = new Door({ roomId: "garden", enter: async () => pass({ fallbackUrl }) });
    await door.address();
    door.moveTo(null);
    expect(await hostOf(door)).toBe("any.example.org");
  });

  test("another pass says again where to go", async () => {
    vi.useFakeTimers();
    const door = new Door({ roomId: "garden", enter: async () => pass() });
    await door.address();
    door.moveTo("wss://node2.example.org/ws");
    expect(await hostOf(door)).toBe("node2.example.org");
    vi.advanceTimersByTime(MINUTE);
    expect(await hostOf(door)).toBe("calls.example.org");
  });

  test("who is not let in hears why", async () => {
    const door = new Door({ roomId: "garden", enter: async () => Promise.reject(new Error("locked")) });
    await expect(door.address()).rejects.toThrow("locked");
  });
});
