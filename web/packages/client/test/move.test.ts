/** Moving to another server: this one is about to go. */

import type { types } from "mediasoup-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Call } from "../src/call";
import { Door } from "../src/door";
import { LocalMedia } from "../src/local-media";
import { createDevice, fakeHandlerOf, FakeMediaDevices, FakeServer, offer, QUICK, Refusal } from "./fakes";
import { joinedCall } from "./in-call";

const PEERS = [{ id: "grace", displayName: "Grace" }];
const ELSEWHERE = "wss://node2.example.org/ws";

describe("A call that is asked to move", () => {
  let server: FakeServer;
  let media: LocalMedia;
  let call: Call;
  let transports: types.Transport[];
  let heard: string[];
  let joins: number;

  beforeEach(async () => {
    FakeMediaDevices.install();
    server = new FakeServer();
    [transports, heard, joins] = [[], [], 0];
    server.answers["join"] = () => {
      joins += 1;
      return { peers: PEERS, sessionId: `session-${joins}`, resumeToken: `secret-${joins}`, role: "moderator" };
    };
    media = new LocalMedia();
    await media.open();
    const watched = async () => {
      const device = await createDevice();
      device.observer.on("newtransport", (transport) => transports.push(transport));
      return device;
    };
    call = await joinedCall({ media, createDevice: watched });
    for (const event of ["resumed", "rejoined"] as const) call.on(event, () => heard.push(event));
    await produced(2);
    server.ask("newConsumer", offer("grace", "video", { source: "camera" }));
    await vi.waitFor(() => expect(now().peers[0]?.media).toHaveLength(1));
  });

  afterEach(() => {
    call.leave();
    media.stop();
  });

  const now = () => call.state.get();
  const produced = (count: number) => vi.waitFor(() => expect(server.asked("produce")).toHaveLength(count));
  const moved = () => vi.waitFor(() => expect(heard).toEqual(["rejoined"]));
  const hostNow = () => new URL(server.socket?.url ?? "").host;
  const open = (some: types.Transport[]) => some.filter(({ closed }) => !closed).length;

  test("joins there as the same, and sends all again", async () => {
    const before = server.socket;
    server.notify("move", { url: ELSEWHERE });
    await moved();
    // It may come back: the server bears with its peer until it is seen elsewhere.
    expect(before?.closedWith).toBe(4900);
    expect(server.socket?.url).toBe(`${ELSEWHERE}?roomId=garden&peerId=me`);
    expect(server.asked("resume")).toEqual([]);
    expect(now()).toMatchObject({ status: "joined", problem: null, role: "moderator", peers: [{ id: "grace" }] });
    await produced(4);
    expect(media.state.get().camera.track?.readyState).toBe("live");
  });

  test("keeps what it sends and receives until it has joined", async () => {
    const former = [...transports];
    const [before] = now().peers;
    let join: () => void = () => undefined;
    const answer = server.answers["join"];
    server.answers["join"] = () => {
      join();
      return answer?.({});
    };
    const joining = new Promise<void>((resolve) => (join = resolve));
    server.notify("move", { url: ELSEWHERE });
    expect(now()).toMatchObject({ status: "reconnecting", peers: [before] });
    await joining;
    expect([open(former), now().peers[0]?.media[0]?.track.readyState]).toEqual([2, "live"]);
    await moved();
    expect([open(former), open(transports)]).toEqual([0, 2]);
  });

  test("raises its hand there again", async () => {
    await call.meeting.raiseHand();
    server.notify("move", { url: ELSEWHERE });
    await moved();
    await vi.waitFor(() => expect(server.asked("raiseHand")).toHaveLength(2));
  });

  test("resumes there what it joined there", async () => {
    server.answers["resume"] = () => ({
      ...{ peers: PEERS, sessionId: "session-2", resumeToken: "secret-3" },
      ...{ transports: [], producers: [], consumers: [], dataProducers: [], dataConsumers: [] },
    });
    server.notify("move", { url: ELSEWHERE });
    await moved();
    server.socket?.end(1006);
    await vi.waitFor(() => expect(heard).toEqual(["rejoined", "resumed"]));
    expect(server.socket?.url).toBe(`${ELSEWHERE}?roomId=garden&peerId=me&resume=secret-2`);
  });

  test("comes to any server where that one is not there, its media flowing on", async () => {
    const former = [...transports];
    server.refuse = 1006;
    server.notify("move", { url: ELSEWHERE });
    await vi.waitFor(() => expect(now().problem?.code).toBe("server_unreachable"));
    expect(open(former)).toBe(2);
    server.refuse = null;
    await moved();
    expect(["node2.example.org", "server"]).toContain(hostNow());
    expect(open(former)).toBe(0);
  });

  test("goes on with what it had when its connection breaks before it has joined", async () => {
    const former = [...transports];
    const [before] = now().peers;
    const seen: unknown[] = [];
    const answer = server.answers["join"];
    server.answers["join"] = () => {
      seen.push([now().peers[0], open(former)]);
      if (seen.length === 1) return void server.socket?.end(1006);
      return answer?.({});
    };
    server.notify("move", { url: ELSEWHERE });
    await moved();
    expect(seen).toEqual([
      [before, 2],
      [before, 2],
    ]);
    expect([open(former), open(transports)]).toEqual([0, 2]);
  });

  test("takes the end of its former media for no trouble", async () => {
    const [send] = transports;
    if (!send) throw new Error("no transport");
    const answer = server.answers["join"];
    server.answers["join"] = () => {
      fakeHandlerOf(send).setConnectionState("failed");
      return answer?.({});
    };
    server.notify("move", { url: ELSEWHERE });
    await moved();
    expect(now().problem).toBeNull();
    expect(server.asked("restartIce")).toEqual([]);
  });

  test("is asked again where it came, and moves again", async () => {
    server.notify("move", { url: ELSEWHERE });
    await moved();
    heard = [];
    server.notify("move", { url: "wss://node3.example.org/ws" });
    await moved();
    expect(hostNow()).toBe("node3.example.org");
    expect(open(transports)).toBe(2);
  });

  test("waits there, if it waited in the lobby", async () => {
    call.leave();
    server.answers["join"] = () => {
      throw new Refusal(403, "wait", "in_lobby");
    };
    const door = new Door({ roomId: "garden", origin: "https://server" });
    call = new Call({ door, displayName: "Ada", media, createDevice, socketOptions: QUICK });
    await vi.waitFor(() => expect(now().status).toBe("waiting"));
    const asked = server.asked("join").length;
    server.notify("move", { url: ELSEWHERE });
    await vi.waitFor(() => expect(server.asked("join")).toHaveLength(asked + 1));
    await vi.waitFor(() => expect(now()).toMatchObject({ status: "waiting", problem: null }));
    expect(hostNow()).toBe("node2.example.org");
  });
});
