/** Everyone in a call as the page shows them. */

import type { CallState, LocalSource, LocalState, RemoteMedia, RemotePeer } from "@connect/client";
import { describe, expect, test } from "vitest";

import { handsFirst, peopleIn } from "../src/ui/people";

const OFF = { track: null, on: false, pending: false, problem: null } as LocalSource;
const LOCAL = { microphone: OFF, camera: OFF, screen: OFF } as LocalState;

describe("people", () => {
  test("you come first, and hands have their places", () => {
    const people = peopleIn(call({ hands: [raised("cleo"), raised("ada")] }), LOCAL);
    expect(people.map(({ id, hand }) => [id, hand])).toEqual([
      ["ada", 2],
      ["bob", null],
      ["cleo", 1],
    ]);
  });

  test("the list has raised hands first, in their order, then the others as they came", () => {
    const people = peopleIn(call({ hands: [raised("cleo")] }), LOCAL);
    expect(handsFirst(people).map(({ id }) => id)).toEqual(["cleo", "ada", "bob"]);
  });

  test("a camera that the server holds back is still a picture; one that its sender paused is none", () => {
    const held = peer("bob", [camera({ suspended: true })]);
    const covered = peer("cleo", [camera({ paused: true })]);
    const [, bob, cleo] = peopleIn(call({ peers: [held, covered] }), LOCAL);
    expect(bob?.camera).toMatchObject({ producerId: "camera", suspended: true });
    expect(cleo?.camera).toBeNull();
  });

  test("a quality that nobody knows yet is none", () => {
    const [ada, bob] = peopleIn(call({ qualities: { bob: "poor" } }), LOCAL);
    expect([ada?.quality, bob?.quality]).toEqual([null, "poor"]);
  });
});

function call(changes: Partial<CallState>): CallState {
  const peers = [peer("bob"), peer("cleo")];
  return { peerId: "ada", displayName: "Ada", peers, hands: [], qualities: {}, ...changes } as CallState;
}

function peer(id: string, media: RemoteMedia[] = []): RemotePeer {
  return { id, displayName: id, media } as unknown as RemotePeer;
}

function camera(changes: Partial<RemoteMedia>): RemoteMedia {
  return { source: "camera", producerId: "camera", paused: false, suspended: false, ...changes } as RemoteMedia;
}

function raised(peerId: string) {
  return { peerId, raisedAt: 0 };
}
