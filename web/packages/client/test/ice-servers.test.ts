/** TURN credentials, which are good for a while only. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { CallError, ConnectionLostError } from "../src/errors";
import { IceServerList } from "../src/ice-servers";
import type { Signaling } from "../src/signaling";

const server = (credential: string) => ({ urls: "turn:turn.example.org", username: "1:me", credential });

describe("IceServerList", () => {
  const request = vi.fn<() => Promise<unknown>>();
  const onRenewed = vi.fn();
  let list: IceServerList;

  beforeEach(() => {
    vi.useFakeTimers();
    request.mockReset();
    onRenewed.mockReset();
    list = new IceServerList({ request } as unknown as Signaling, [server("from the pass")], onRenewed);
  });

  afterEach(() => {
    list.close();
    vi.useRealTimers();
  });

  const answer = (credential: string, life: number | null) =>
    request.mockResolvedValueOnce({
      iceServers: [server(credential)],
      expiresAt: life === null ? null : Date.now() + life,
    });

  test("credentials are renewed before they expire", async () => {
    answer("first", 100_000);
    answer("second", 100_000);
    expect(await list.load()).toEqual([server("first")]);
    await vi.advanceTimersByTimeAsync(79_000);
    expect(onRenewed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(onRenewed).toHaveBeenCalledExactlyOnceWith([server("second")]);
  });

  test("to a clock that is ahead everything has expired, and is asked for once a minute", async () => {
    for (let count = 0; count < 5; count += 1) answer("new", -3_600_000);
    await list.load();
    await vi.advanceTimersByTimeAsync(181_000);
    expect(request).toHaveBeenCalledTimes(4);
  });

  test("those that never expire are not asked for again", async () => {
    answer("eternal", null);
    await list.load();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a server without the question has said it all in the pass", async () => {
    request.mockRejectedValueOnce(new CallError(404, "no such method", "method_not_found"));
    expect(await list.load()).toEqual([server("from the pass")]);
  });

  test("a renewal without an answer is tried again", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    answer("first", 100_000);
    await list.load();
    request.mockRejectedValueOnce(new Error("no answer"));
    answer("second", 100_000);
    await vi.advanceTimersByTimeAsync(91_000);
    expect(onRenewed).toHaveBeenCalledExactlyOnceWith([server("second")]);
  });

  test("a lost connection ends it: the next session asks for itself", async () => {
    request.mockRejectedValueOnce(new ConnectionLostError());
    await expect(list.load()).rejects.toThrow(ConnectionLostError);
    answer("first", 100_000);
    await list.load();
    request.mockRejectedValueOnce(new ConnectionLostError());
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(request).toHaveBeenCalledTimes(3);
  });

  test("after a lost connection there are new ones at once, and the clock runs anew", async () => {
    answer("first", 100_000);
    answer("second", 100_000);
    answer("third", 100_000);
    await list.load();
    await list.renew();
    expect(onRenewed).toHaveBeenLastCalledWith([server("second")]);
    await vi.advanceTimersByTimeAsync(81_000);
    expect(onRenewed).toHaveBeenLastCalledWith([server("third")]);
    expect(request).toHaveBeenCalledTimes(3);
  });
});
