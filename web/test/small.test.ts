/** The parts of the page that are too small for a file of their own. */

import { ApiError } from "@connect/client";
import { describe, expect, test, vi } from "vitest";

import { GAP, layOut } from "../src/ui/grid";
import { hue, initials } from "../src/ui/names";
import { comingBack, nextPage } from "../src/ui/navigation";
import { wordsFor } from "../src/ui/words";

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

describe("the way back after signing in", () => {
  const at = (address: string) => vi.stubGlobal("location", new URL(address, "https://server"));

  test.each([
    ["/r/garden", "/signin?next=%2Fr%2Fgarden"],
    ["/", "/signin"],
    ["/signup?next=%2Fr%2Fgarden", "/signin?next=%2Fr%2Fgarden"],
    ["/signin", "/signin"],
    ["/invite#secret", "/signin?next=%2Finvite"],
  ])("from %s it is %s", (address, page) => {
    at(address);
    expect(comingBack("/signin")).toBe(page);
  });

  test.each([
    ["/signin?next=%2Fr%2Fgarden", "/r/garden"],
    ["/signin", "/"],
    ["/account", "/account"],
    ["/signin?next=https%3A%2F%2Fevil.example%2Fr%2Fx", "/"],
    ["/signin?next=%2F%2Fevil.example", "/"],
    ["/signin?next=javascript%3Aalert(1)", "/"],
  ])("%s leads to %s", (address, page) => {
    at(address);
    expect(nextPage()).toBe(page);
  });
});

describe("errors in words", () => {
  const error = (status: number, errorName: string, retryAfter: number | null = null) =>
    new ApiError(status, "the room is full", { errorName, retryAfter });

  test.each([
    [error(429, "limit_reached"), "The room is full."],
    [error(429, "too_many_requests", 17), "That was tried too often. Try again in 17 s."],
    [error(429, "too_many_requests", 600), "That was tried too often. Try again in 10 minutes."],
    [error(503, "unavailable"), "The server can't do that at the moment. Try again soon."],
    [error(401, "unauthorized"), "You are signed out. Sign in again, please."],
    [new ApiError(400, "wrong", { fields: { name: ["Blank."] } }), "Please look at what is marked."],
    [new Error("no connection"), "No connection."],
  ])("%s", (problem, words) => expect(wordsFor(problem)).toBe(words));
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
