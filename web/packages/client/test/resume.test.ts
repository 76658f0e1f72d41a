/** Lost connections from which a call comes back to its session, and workers that die under it. */

import { testFakeParameters, type types } from "mediasoup-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Call } from "../src/call";
import { LocalMedia } from "../src/local-media";
import type { HeldMedia } from "../src/wire";
import { createDevice, fakeHandlerOf, FakeMediaDevices, FakeServer, offer, Refusal } from "./fakes";
import { joinedCall } from "./in-call";

const PEERS = [
  { id: "grace", displayName: "Grace" },
  { id: "li", displayName: "Li" },
];
const REPAIR = { patience: 5, firstWait: 20, attempts: 1 };

describe("A call whose connection is lost", () => {
  let server: FakeServer;
  let media: LocalMedia;
  let call: Call;
  let transports: types.Transport[];
  let heard: string[];

  beforeEach(async () => {
    FakeMediaDevices.install();
    server = new FakeServer();
    server.answers["join"] = () => ({ peers: PEERS, sessionId: "session", resumeToken: "first" });
    server.answers["resume"] = (held) => ({ ...welcome(), ...known(held) });
    media = new LocalMedia();
    await media.open();
    await start();
  });

  afterEach(() => {
    call.leave();
    media.stop();
  });

  const start = async () => {
    [transports, heard] = [[], []];
    const watched = async () => {
      const device = await createDevice();
      device.observer.on("newtransport", (transport) => transports.push(transport));
      return device;
    };
    call = await joinedCall({ media, createDevice: watched, repairOptions: REPAIR });
    for (const event of ["resumed", "rejoined"] as const) call.on(event, () => heard.push(event));
    await produced(2);
  };
  const welcome = () => ({ peers: PEERS, sessionId: "session", resumeToken: "second" });
  /** What the server says that it has, when it has all of that. */
  const known = ({ transports = [], producers = [], consumers = [] }: Partial<HeldMedia>) => ({
    transports: transports.map((id) => ({ id })),
    producers: producers.map((id) => ({ id, paused: false })),
    consumers: consumers.map((id) => ({ id, producerPaused: false, suspended: false })),
    dataProducers: [],
    dataConsumers: [],
  });
  const now = () => call.state.get();
  const produced = (count: number) => vi.waitFor(() => expect(server.asked("produce")).toHaveLength(count));
  const hears = (...events: string[]) => vi.waitFor(() => expect(heard).toEqual(events));
  /** Have one consumer of Grace's camera. */
  const camera = async () => {
    const offered = offer("grace", "video", { source: "camera" });
    server.ask("newConsumer", offered);
    await vi.waitFor(() => expect(now().peers[0]?.media).toHaveLength(1));
    return offered;
  };
  const openTransports = () => transports.filter(({ closed }) => !closed).map(({ id }) => id);

  test("comes back to its session, says what it has, and keeps its media and the others", async () => {
    const { id } = await camera();
    const [before] = now().peers;
    server.socket?.end(1006);
    expect(now()).toMatchObject({ status: "reconnecting", peers: [before, { id: "li" }] });
    await hears("resumed");
    expect(now()).toMatchObject({ status: "joined", problem: null });
    expect(server.socket?.url).toContain("&resume=first");
    const [held] = server.asked("resume");
    expect(held).toMatchObject({ sessionId: "session", consumers: [id], dataProducers: [], dataConsumers: [] });
    expect(held?.["transports"]).toEqual(transports.map((transport) => transport.id));
    expect(held?.["producers"]).toHaveLength(2);
    expect(now().peers[0]?.media[0]?.track).toBe(before?.media[0]?.track);
    expect(openTransports()).toHaveLength(2);
    expect([server.asked("join").length, server.asked("produce").length]).toEqual([1, 2]);
  });

  test("uses the next secret the next time", async () => {
    for (const secret of ["first", "second", "second"]) {
      heard = [];
      server.socket?.end(1006);
      await hears("resumed");
      expect(server.socket?.url).toContain(`&resume=${secret}`);
    }
  });

  test("knows who came and went, what was said, and how the room is now", async () => {
    server.answers["resume"] = (held) => ({
      ...welcome(),
      ...known(held),
      peers: [PEERS[1], { id: "zoe", displayName: "Zoe" }],
      chat: [{ id: "1", peerId: "zoe", displayName: "Zoe", text: "Hello", sentAt: 1 }],
      hands: [{ peerId: "li", raisedAt: 1 }],
      role: "moderator",
      locked: true,
    });
    await camera();
    server.notify("lobbyPeer", { peerId: "max", displayName: "Max" });
    server.notify("connectionQuality", { peers: [{ peerId: "grace", quality: "poor", score: 5 }] });
    server.socket?.end(1006);
    await hears("resumed");
    expect(now().peers.map(({ displayName }) => displayName)).toEqual(["Li", "Zoe"]);
    expect(now()).toMatchObject({ role: "moderator", settings: { locked: true }, hands: [{ peerId: "li" }] });
    expect(now().chat.map(({ text }) => text)).toEqual(["Hello"]);
    expect(now()).toMatchObject({ lobby: [], qualities: {} });
  });

  test("does not raise a hand again that somebody lowered meanwhile", async () => {
    await call.meeting.raiseHand();
    server.socket?.end(1006);
    await hears("resumed");
    expect(server.asked("raiseHand")).toHaveLength(1);
    expect(now().hands).toEqual([]);
  });

  test("tells then what was wished meanwhile", async () => {
    server.socket?.end(1006);
    await call.subscriptions.setLastN(4);
    await call.subscriptions.choose("p1", { subscribed: false });
    await media.setMicrophone(false);
    await hears("resumed");
    await vi.waitFor(() => expect(server.asked("setLastN")).toEqual([{ lastN: 4 }]));
    expect(server.asked("setSubscription")).toContainEqual({ producerId: "p1", subscribed: false });
    await vi.waitFor(() => expect(server.asked("pauseProducer")).toHaveLength(1));
  });

  test("is muted by a moderator also while it can't be told", async () => {
    server.answers["resume"] = (held) => {
      const all = known(held);
      return { ...welcome(), ...all, producers: all.producers.map(({ id }) => ({ id, paused: true })) };
    };
    server.socket?.end(1006);
    await hears("resumed");
    await vi.waitFor(() => expect(media.state.get().microphone.on).toBe(false));
    expect(now().notice).toContain("while your connection was lost");
    expect(server.asked("resumeProducer")).toEqual([]);
  });

  test("hears what a moderator did meanwhile, and does not send again what was stopped", async () => {
    const by = { peerId: "grace", name: "Grace" };
    const camera = server.asked("produce").findIndex(({ kind }) => kind === "video");
    server.answers["resume"] = (held) => {
      const all = known(held);
      const stopped = all.producers[camera];
      const data = { producerId: stopped?.id ?? "", source: "camera", reason: "stopped-by-moderator", by };
      const producers = all.producers.filter((each) => each !== stopped);
      return { ...welcome(), ...all, producers, missed: [{ method: "producerClosed", data }] };
    };
    server.socket?.end(1006);
    await hears("resumed");
    expect(now().notice).toContain("Grace");
    await vi.waitFor(() => expect(media.state.get().camera.on).toBe(false));
    await media.setMicrophone(false);
    await vi.waitFor(() => expect(server.asked("pauseProducer")).toHaveLength(1));
    expect(server.asked("produce")).toHaveLength(2);
  });

  test("joins anew on the same connection where the server remembers nothing, and sends all again", async () => {
    server.answers["resume"] = () => {
      throw new Refusal(404, "no session", "cannot_resume");
    };
    await call.meeting.raiseHand();
    server.socket?.end(1006);
    await hears("rejoined");
    expect(server.asked("join")).toHaveLength(2);
    expect(now()).toMatchObject({ status: "joined", peers: [{ id: "grace" }, { id: "li" }] });
    await produced(4);
    await vi.waitFor(() => expect(server.asked("raiseHand")).toHaveLength(2));
    expect(openTransports()).toHaveLength(2);
  });

  test("joins anew over another connection where the server fails", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    server.answers["resume"] = () => {
      throw new Refusal(500, "a fault");
    };
    server.socket?.end(1006);
    await hears("rejoined");
    expect(server.socket?.url).not.toContain("resume");
  });

  test("makes its media anew where the server has none of it, and stays in the room", async () => {
    server.answers["resume"] = () => ({ ...welcome(), ...known({}) });
    const before = openTransports();
    server.socket?.end(1006);
    await hears("resumed");
    await produced(4);
    expect(openTransports()).toHaveLength(2);
    expect(openTransports().filter((id) => before.includes(id))).toEqual([]);
    expect(server.asked("join")).toHaveLength(1);
  });

  test("has the server forget the rest where that has but one of its transports", async () => {
    server.answers["resume"] = (held) => {
      const all = known(held);
      return { ...welcome(), ...all, transports: all.transports.slice(1) };
    };
    server.socket?.end(1006);
    await hears("resumed");
    expect(server.asked("resume")[1]).toMatchObject({ transports: [], producers: [], consumers: [] });
    await produced(4);
    expect(server.asked("join")).toHaveLength(1);
  });

  test("looks then for another way for media that broke meanwhile", async () => {
    const [send] = transports;
    if (!send) throw new Error("no transport");
    server.answers["restartIce"] = () => {
      fakeHandlerOf(send).setConnectionState("connected");
      return { usernameFragment: "new", password: "new" };
    };
    server.socket?.end(1006);
    fakeHandlerOf(send).setConnectionState("failed");
    expect(server.asked("restartIce")).toEqual([]);
    await hears("resumed");
    await vi.waitFor(() => expect(server.asked("restartIce")).toEqual([{ transportId: send.id }]));
  });

  test("gets media that can't be repaired anew, without leaving", async () => {
    server.answers["restartIce"] = () => ({ usernameFragment: "new", password: "new" });
    const [send] = transports;
    if (!send) throw new Error("no transport");
    fakeHandlerOf(send).setConnectionState("failed");
    await hears("resumed");
    await produced(4);
    expect(server.asked("join")).toHaveLength(1);
  });

  describe("A worker that dies", () => {
    const routerRtpCapabilities = testFakeParameters.generateRouterRtpCapabilities();
    const rebuild = () => server.notify("rebuild", { routerRtpCapabilities });

    test("costs new transports, on which the same is sent, and what comes is shown again", async () => {
      await camera();
      const before = openTransports();
      rebuild();
      expect(now()).toMatchObject({ status: "joined", peers: [{ id: "grace", media: [] }, { id: "li" }] });
      await produced(4);
      expect(openTransports()).toHaveLength(2);
      expect(openTransports().filter((id) => before.includes(id))).toEqual([]);
      await camera();
      expect(media.state.get().camera.track?.readyState).toBe("live");
      expect(server.asked("join")).toHaveLength(1);
      expect([heard, now().problem]).toEqual([[], null]);
    });

    test("and the next one at once, is the same once more", async () => {
      rebuild();
      rebuild();
      await vi.waitFor(() => expect(openTransports()).toHaveLength(2));
      await produced(4);
      expect([now().status, server.asked("join").length]).toEqual(["joined", 1]);
    });

    test("while the connection is lost, too, is made up for on the next one", async () => {
      server.answers["createWebRtcTransport"] = () => {
        server.answers["createWebRtcTransport"] = () => testFakeParameters.generateTransportRemoteParameters();
        server.socket?.end(1006);
      };
      rebuild();
      await hears("resumed");
      expect(server.asked("resume")[0]).toMatchObject({ transports: [], producers: [] });
      await produced(4);
    });

    test("is waited for where there is no other yet", async () => {
      server.answers["createWebRtcTransport"] = () => {
        throw new Refusal(503, "no worker", "unavailable");
      };
      rebuild();
      await vi.waitFor(() => expect(server.asked("createWebRtcTransport").length).toBeGreaterThan(2));
      server.answers["createWebRtcTransport"] = () => testFakeParameters.generateTransportRemoteParameters();
      rebuild();
      await produced(4);
      expect([now().status, heard]).toEqual(["joined", []]);
    });

    test("makes it join again where nothing else helps", async () => {
      vi.spyOn(console, "warn").mockReturnValue();
      server.answers["createWebRtcTransport"] = () => {
        server.answers["createWebRtcTransport"] = () => testFakeParameters.generateTransportRemoteParameters();
        throw new Refusal(500, "a fault");
      };
      rebuild();
      await hears("rejoined");
      await produced(4);
    });
  });
});
