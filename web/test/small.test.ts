/** The parts that are too small for a file of their own. */

import { describe, expect, test, vi } from "vitest";

import { deviceInfo } from "../src/client/browser";
import { Emitter } from "../src/client/emitter";
import { randomRoomName, roomNameProblem } from "../src/client/room-name";
import { Store } from "../src/client/store";
import { GAP, layOut } from "../src/ui/grid";
import { hue, initials } from "../src/ui/names";

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
});

describe("room names", () => {
  test.each(["garden", "A-1_b.c~d@e:f", "x".repeat(64)])("%s is fine", (name) => {
    expect(roomNameProblem(name)).toBeNull();
  });

  test.each(["", "x".repeat(65), "two words", "a/b", "käse", ".", ".."])("%j is not", (name) => {
    expect(roomNameProblem(name)).not.toBeNull();
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

describe("people without a picture", () => {
  test.each([
    ["Ada Lovelace", "AL"],
    ["ada", "A"],
    ["  Grace  Brewster Hopper ", "GH"],
    ["😀 smile", "😀S"],
    ["", "?"],
  ])("%j is %s", (name, letters) => {
    expect(initials(name)).toBe(letters);
  });

  test("a person keeps their colour", () => {
    expect(hue("ada")).toBe(hue("ada"));
    expect(hue("ada")).not.toBe(hue("grace"));
  });
});

describe("layOut", () => {
  const wide = { width: 1416, height: 760 };
  const narrow = { width: 336, height: 620 };

  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 2],
    [5, 3],
    [9, 3],
    [16, 4],
  ])("%i people in a wide window sit in %i columns", (count, columns) => {
    expect(layOut(count, wide).columns).toBe(columns);
  });

  test.each([1, 2, 3, 5, 9])("%i people fit into either window", (count) => {
    for (const box of [wide, narrow]) {
      const { columns, tile } = layOut(count, box);
      const rows = Math.ceil(count / columns);
      expect(columns * tile.width + (columns - 1) * GAP).toBeLessThanOrEqual(box.width);
      expect(rows * tile.height + (rows - 1) * GAP).toBeLessThanOrEqual(box.height);
    }
  });

  test("a crowd in a narrow window scrolls instead of vanishing", () => {
    const { tile, columns } = layOut(40, narrow);
    expect(columns).toBe(2);
    expect(tile.width).toBeGreaterThanOrEqual(150);
  });

  test("an unmeasured box is no trouble", () => {
    expect(layOut(3, { width: 0, height: 0 }).tile.width).toBeGreaterThanOrEqual(0);
  });
});
