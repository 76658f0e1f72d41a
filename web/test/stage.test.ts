/** What of a call is large, and where there is room for what. */

import { describe, expect, test } from "vitest";

import { GAP, spotlight } from "../src/ui/grid";
import type { Person } from "../src/ui/people";
import { itemsOf, largeOf } from "../src/ui/stage-items";
import { buttonsIn, divide } from "../src/ui/toolbar-room";

const PICTURE = { track: {} as MediaStreamTrack, producerId: null, suspended: false };

describe("what is large", () => {
  const ada = person("ada", { self: true });
  const [bob, cleo] = [person("bob"), person("cleo")];
  const wishes = { view: "grid", pinned: null, speaker: null } as const;
  const large = (people: Person[], changes = {}) => largeOf(itemsOf(people), { ...wishes, ...changes });

  test("nothing is in the grid view", () => {
    expect(large([ada, bob, cleo], { speaker: "bob" })).toBeNull();
  });

  test("in the speaker view it is who spoke, or the first of the others", () => {
    expect(large([ada, bob, cleo], { view: "speaker", speaker: "cleo" })).toBe("cleo");
    expect(large([ada, bob, cleo], { view: "speaker", speaker: "gone" })).toBe("bob");
  });

  test("who is alone needs no other size", () => {
    expect(large([ada], { view: "speaker", pinned: "ada" })).toBeNull();
  });

  test("a screen comes before who speaks, and what was pinned before a screen", () => {
    const people = [ada, { ...bob, screen: PICTURE }, cleo];
    expect(large(people, { view: "speaker", speaker: "cleo" })).toBe("screen bob");
    expect(large(people, { pinned: "cleo" })).toBe("cleo");
    expect(large(people, { pinned: "gone" })).toBe("screen bob");
  });

  test("one's own screen is large only when it was pinned", () => {
    const people = [{ ...ada, screen: PICTURE }, bob];
    expect(large(people)).toBeNull();
    expect(large(people, { pinned: "screen ada" })).toBe("screen ada");
  });
});

describe("spotlight", () => {
  const wide = { width: 1256, height: 640 };
  const narrow = { width: 336, height: 560 };

  test("the strip is beside the large one in a wide box, and below it in a narrow one", () => {
    expect(spotlight(3, wide).strip).toBe("beside");
    expect(spotlight(3, narrow).strip).toBe("below");
  });

  test.each([1, 2, 5, 40])("the large one and a strip of %i fit into either box", (count) => {
    const beside = spotlight(count, wide);
    expect(beside.large.width + GAP + beside.tile.width).toBeLessThanOrEqual(wide.width);
    const below = spotlight(count, narrow);
    expect(below.large.height + GAP + below.tile.height).toBeLessThanOrEqual(narrow.height);
  });

  test("an unmeasured box is no trouble", () => {
    expect(spotlight(3, { width: 0, height: 0 }).large).toEqual({ width: 0, height: 0 });
  });
});

describe("the toolbar", () => {
  const tools = [tool("screen", 3), tool("hand", 2), tool("chat", 1), tool("help", null)];
  const names = (room: number) => divide(tools, room).bar.map(({ name }) => name);

  test("has room for six buttons on a phone", () => {
    expect(buttonsIn(336)).toBe(6);
  });

  test("keeps what is important, in its order", () => {
    expect(names(2)).toEqual(["hand", "chat"]);
    expect(names(9)).toEqual(["screen", "hand", "chat"]);
  });

  test("has nothing without room, and then everything is in the menu", () => {
    expect(names(-1)).toEqual([]);
    expect(divide(tools, 0).menu).toEqual(tools);
  });
});

function person(id: string, changes: Partial<Person> = {}): Person {
  return { id, name: id, self: false, screen: null, ...changes } as Person;
}

function tool(name: string, rank: number | null) {
  return { name, rank };
}
