/** The parts that are too small for a file of their own. */

import { describe, expect, test, vi } from "vitest";

import { deviceInfo } from "../src/browser";
import { Emitter } from "../src/emitter";
import { isRoomCode, randomRoomName, roomNameProblem } from "../src/room-name";
import { Store } from "../src/store";

describe("Emitter", () => {
  test("one listener's error does not keep others from hearing", () => {
    const reported = vi.spyOn(console, "error").mockReturnValue();
    const emitter = new Emitter<{ said: [string] }>();
    const heard: string[] = [];
    emitter.on("said", () => {
      throw new Error("broken");
    });
    const end = emitter.on("said", (word) => heard.push(word));
    emitter.emit("said", "hello");
    end();
    emitter.emit("said", "again");
    expect(heard).toEqual(["hello"]);
    expect(reported).toHaveBeenCalledTimes(2);
  });
});

describe("Store", () => {
  test("a change makes a new value and is told; the same value again is not", () => {
    const store = new Store({ a: 1, b: 2 });
    const before = store.get();
    const listener = vi.fn();
    const end = store.subscribe(listener);
    store.update({ a: 1 });
    expect(store.get()).toBe(before);
    store.update({ a: 3 });
    end();
    store.update({ b: 4 });
    expect(store.get()).toEqual({ a: 3, b: 4 });
    expect(before).toEqual({ a: 1, b: 2 });
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test("one listener's error does not keep others, or who changes the value, from going on", () => {
    const reported = vi.spyOn(console, "error").mockReturnValue();
    const store = new Store({ a: 1 });
    const listener = vi.fn();
    store.subscribe(() => {
      throw new Error("broken");
    });
    store.subscribe(listener);
    store.update({ a: 2 });
    expect(listener).toHaveBeenCalledTimes(1);
    expect(reported).toHaveBeenCalledTimes(1);
    reported.mockRestore();
  });

  test("who waits for a value by a question that fails is told", async () => {
    const store = new Store({ a: 1 });
    const waiting = store.until(({ a }) => {
      if (a === 2) throw new Error("broken");
      return false;
    });
    store.update({ a: 2 });
    await expect(waiting).rejects.toThrow("broken");
  });

  test("a value can be waited for, and may be there already", async () => {
    const store = new Store({ a: 1 });
    expect(await store.until(({ a }) => a === 1)).toEqual({ a: 1 });
    const waiting = store.until(({ a }) => a === 3);
    for (const a of [2, 3, 4]) store.update({ a });
    expect(await waiting).toEqual({ a: 3 });
  });
});

describe("room names", () => {
  test.each(["garden", "A-1_b.c~d@e:f", "x".repeat(64)])("%s is fine", (name) => {
    expect(roomNameProblem(name)).toBeNull();
  });

  test.each(["", "x".repeat(65), "two words", "a/b", "käse", ".", ".."])("%j is not", (name) => {
    expect(roomNameProblem(name)).not.toBeNull();
  });

  test("codes are told from names", () => {
    expect(["bcdf-ghjk-mnpq", "rstv-wxyz-bcdf"].map(isRoomCode)).toEqual([true, true]);
    expect(["garden", "abcd-efgh-ijkl", "bcdf-ghjk-mnpq-", randomRoomName()].map(isRoomCode)).not.toContain(
      true,
    );
  });

  test("made-up names are valid and differ", () => {
    const names = Array.from({ length: 100 }, randomRoomName);
    expect(names.map(roomNameProblem).filter(Boolean)).toEqual([]);
    expect(new Set(names).size).toBe(100);
  });
});

describe("deviceInfo", () => {
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

  test.each([
    [chrome, "chrome", "156.0.0.0"],
    [`${chrome} Edg/156.1.2.3`, "edge", "156.1.2.3"],
    ["Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox", "140.0"],
    [
      "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
      "safari",
      "18.1",
    ],
    ["curl/8", "unknown", null],
  ])("%s", (userAgent, flag, version) => {
    expect(deviceInfo(userAgent)).toMatchObject({ flag, version });
  });
});
