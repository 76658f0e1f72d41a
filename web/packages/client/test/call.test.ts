import { testFakeParameters, type types } from "mediasoup-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Call } from "../src/call";
import type { CallOptions } from "../src/call-options";
import { Door } from "../src/door";
import { LocalMedia } from "../src/local-media";
import { mediaFor } from "../src/roster";
import { createDevice, fakeHandlerOf, FakeMediaDevices, FakeServer, offer, QUICK, Refusal } from "./fakes";

const REPAIR = { patience: 5, firstWait: 10, attempts: 2 };

describe("Call", () => {
  let server: FakeServer;
  let media: LocalMedia;
  let call: Call;

  beforeEach(() => {
    FakeMediaDevices.install();
    server = new FakeServer();
    media = new LocalMedia();
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("nothing listens there")));
  });

  afterEach(() => {
    call.leave();
    media.stop();
  });

  const start = (options: Partial<CallOptions> = {}) => {
    const origin = "https://server";
    const door = new Door({ roomId: "garden", peerId: "me", origin });
    const basics = { door, displayName: "Ada", media, createDevice };
    call = new Call({ ...basics, socketOptions: QUICK, ...options });
  };
  /** Join, and give the two transports: the one that sends, and the one that receives. */
  const startWithTransports = async () => {
    const transports: types.Transport[] = [];
    const watched = async () => {
      const device = await createDevice();
      device.observer.on("newtransport", (transport) => transports.push(transport));
      return device;
    };
    start({ createDevice: watched, repairOptions: REPAIR });
    await becomes("joined");
    return transports;
  };
  const now = () => call.state.get();
  const becomes = (status: string) => vi.waitFor(() => expect(now().status).toBe(status));
  const sources = () => server.asked("produce").map(({ appData }) => (appData as { source: string }).source);
  const withGrace = () => {
    server.answers["join"] = () => ({ peers: [{ id: "grace", displayName: "Grace" }] });
  };

  test("joins the room and sends what is on", async () => {
    await media.open();
    start();
    await becomes("joined");
    expect(server.socket?.url).toBe("wss://server/ws?roomId=garden&peerId=me");
    expect(server.asked("join")).toMatchObject([{ displayName: "Ada", device: { flag: "firefox" } }]);
    expect(server.asked("createWebRtcTransport")).toMatchObject([
      { producing: true, consuming: false },
      { producing: false, consuming: true },
    ]);
    await vi.waitFor(() => expect(sources().sort()).toEqual(["camera", "microphone"]));
  });

  test("whoever watches and fails keeps nobody from joining, sending and leaving", async () => {
    const reported = vi.spyOn(console, "error").mockReturnValue();
    await media.open();
    start();
    const broken = () => {
      throw new Error("broken");
    };
    const ends = [call.state.subscribe(broken), media.state.subscribe(broken)];
    await vi.waitFor(() => expect(sources().sort()).toEqual(["camera", "microphone"]));
    call.leave();
    expect(now().status).toBe("ended");
    expect(server.socket?.readyState).toBe(3);
    for (const end of ends) end();
    reported.mockRestore();
  });

  test("joins without camera and microphone, and sends them once they are on", async () => {
    start();
    await becomes("joined");
    expect(sources()).toEqual([]);
    await media.setMicrophone(true);
    await vi.waitFor(() => expect(sources()).toEqual(["microphone"]));
    await media.setMicrophone(false);
    await vi.waitFor(() => expect(server.asked("pauseProducer")).toHaveLength(1));
  });

  test("shows who is there, who comes, who is renamed and who goes", async () => {
    withGrace();
    start();
    await becomes("joined");
    server.notify("newPeer", { id: "li", displayName: "Li" });
    server.notify("peerDisplayNameChanged", { peerId: "grace", displayName: "Grace H." });
    expect(now().peers.map(({ displayName }) => displayName)).toEqual(["Grace H.", "Li"]);
    server.notify("peerClosed", { peerId: "grace" });
    expect(now().peers.map(({ id }) => id)).toEqual(["li"]);
  });

  test("an offer is accepted when its media can be shown", async () => {
    withGrace();
    start();
    await becomes("joined");
    const camera = offer("grace", "video", { source: "camera" });
    const id = server.ask("newConsumer", camera);
    await vi.waitFor(() => expect(server.responses).toMatchObject([{ id, ok: true }]));
    const [grace] = now().peers;
    expect(grace && mediaFor(grace, "camera")?.consumerId).toBe(camera.id);
    server.notify("consumerClosed", { consumerId: camera.id });
    expect(now().peers[0]?.media).toEqual([]);
  });

  test("an offer that can't be taken is refused, and the call goes on", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    start();
    await becomes("joined");
    const id = server.ask("newConsumer", { ...offer("grace", "audio"), rtpParameters: {} });
    await vi.waitFor(() => expect(server.responses).toMatchObject([{ id, ok: false, errorCode: 500 }]));
    expect(now().status).toBe("joined");
  });

  test("media that comes before its peer is shown when the peer comes", async () => {
    start();
    await becomes("joined");
    server.ask("newConsumer", offer("li", "audio"));
    await vi.waitFor(() => expect(server.responses).toHaveLength(1));
    server.notify("newPeer", { id: "li", displayName: "Li" });
    expect(now().peers[0]?.media).toHaveLength(1);
  });

  test("the active speaker is told, and silence too", async () => {
    start();
    await becomes("joined");
    server.notify("activeSpeaker", { peerId: "me", volume: -20 });
    expect(now().activeSpeaker).toBe("me");
    server.notify("activeSpeaker", { peerId: null });
    expect(now().activeSpeaker).toBeNull();
  });

  test("what may come over the connection is told, and forgotten with it", async () => {
    start();
    await becomes("joined");
    server.notify("downlinkBwe", { desiredBitrate: 9, effectiveDesiredBitrate: 9, availableBitrate: 1_000_000 });
    expect(now().downlinkBitrate).toBe(1_000_000);
    server.socket?.end(1006, "");
    await becomes("reconnecting");
    expect(now().downlinkBitrate).toBeNull();
  });

  test("the others are not gone before the connection is", async () => {
    start();
    await becomes("joined");
    server.notify("newPeer", { id: "bob", displayName: "Bob" });
    expect(now().peers).toHaveLength(1);
    const seen: [string, number][] = [];
    call.state.subscribe(() => seen.push([now().status, now().peers.length]));
    server.socket?.end(1006, "");
    await becomes("reconnecting");
    expect(seen).toContainEqual(["reconnecting", 0]);
    expect(seen).not.toContainEqual(["joined", 0]);
  });

  test("how well a source arrives is told by its best stream", async () => {
    await media.setCamera(true);
    server.answers["produce"] = () => ({ id: "my-camera" });
    start();
    await vi.waitFor(() => expect(sources()).toEqual(["camera"]));
    await vi.waitFor(() => {
      server.notify("producerScore", { producerId: "my-camera", score: [{ score: 2 }, { score: 9 }] });
      expect(now().sendScores).toEqual({ camera: 9 });
    });
    server.notify("producerScore", { producerId: "nobody's", score: [] });
    expect(now().sendScores).toEqual({ camera: 9 });
  });

  test("after a lost connection it joins again and sends everything again", async () => {
    withGrace();
    await media.open();
    start();
    await becomes("joined");
    await vi.waitFor(() => expect(sources()).toHaveLength(2));
    server.socket?.end(1006);
    expect(now()).toMatchObject({ status: "reconnecting", peers: [], problem: { code: "server_unreachable" } });
    await becomes("joined");
    expect(now().problem).toBeNull();
    expect(now().peers).toHaveLength(1);
    await vi.waitFor(() => expect(sources()).toHaveLength(4));
    expect(media.state.get().camera.track?.readyState).toBe("live");
  });

  test("a connection lost while joining is tried again", async () => {
    server.answers["join"] = () => {
      server.answers["join"] = () => ({ peers: [] });
      queueMicrotask(() => server.socket?.end(1012));
      return { peers: [] };
    };
    start();
    await vi.waitFor(() => expect(server.asked("join")).toHaveLength(2));
    await becomes("joined");
  });

  test("a room whose worker died is joined again, and the reason is shown meanwhile", async () => {
    start();
    await becomes("joined");
    server.notify("roomClosed", { reason: "worker-died" });
    expect(now()).toMatchObject({ status: "reconnecting", problem: { code: "room_closed" } });
    server.socket?.end(1012, "room closed");
    expect(now().problem?.code).toBe("room_closed");
    await becomes("joined");
    expect(now().problem).toBeNull();
  });

  test("a room that is closed for good ends the call with its reason", async () => {
    start();
    await becomes("joined");
    server.notify("roomClosed", { reason: "room-closed", by: { peerId: "grace", name: "Grace" } });
    server.socket?.end(4000, "room-closed");
    expect(now()).toMatchObject({ status: "ended", problem: { code: "room_closed" } });
    expect(now().problem?.message).toContain("Grace ended this call");
  });

  test("who joins from elsewhere is told why this one ended", async () => {
    start();
    await becomes("joined");
    server.socket?.end(4000, "replaced");
    expect(now()).toMatchObject({ status: "ended", problem: { code: "replaced" } });
  });

  test("a refusal that can't change ends the call", async () => {
    server.answers["join"] = () => {
      throw new Refusal(429, "too many peers");
    };
    vi.spyOn(console, "warn").mockReturnValue();
    start();
    await becomes("ended");
    expect(now().problem?.code).toBe("room_full");
  });

  test("a refusal that may pass is tried again", async () => {
    let refusals = 2;
    server.answers["join"] = () => {
      if (refusals-- > 0) throw new Refusal(503, "no worker");
      return { peers: [] };
    };
    vi.spyOn(console, "warn").mockReturnValue();
    start();
    const problems = new Set<string | undefined>();
    call.state.subscribe(() => problems.add(now().problem?.code));
    await becomes("joined");
    expect(problems).toContain("server_busy");
    expect(now().problem).toBeNull();
  });

  test("a server that is not there is told, and found when it comes", async () => {
    server.refuse = 1006;
    start();
    await vi.waitFor(() => expect(now().problem?.code).toBe("server_unreachable"));
    expect(now().status).toBe("connecting");
    server.refuse = null;
    await becomes("joined");
  });

  test("a restarting server is told from a lost network", async () => {
    start();
    await becomes("joined");
    server.socket?.end(1012, "server-shutdown");
    expect(now().problem?.message).toContain("restarted");
  });

  test("a server that is there but opens no websocket is told from one that is not there", async () => {
    vi.stubGlobal("fetch", async () => new Response("websockets only", { status: 400 }));
    server.refuse = 1006;
    start();
    await vi.waitFor(() => expect(now().problem?.code).toBe("server_refused"));
    expect(now().status).toBe("connecting");
  });

  test("a server that never comes is given up", async () => {
    server.refuse = 1006;
    start({ socketOptions: { ...QUICK, giveUpAfter: 30 } });
    await becomes("ended");
    expect(now().problem?.code).toBe("server_unreachable");
  });

  test("the reason of a refused websocket is asked for, as browsers don't tell", async () => {
    const refusal = { error: { name: "limit_reached", message: "the room is full", fields: {} } };
    vi.stubGlobal("fetch", async () => Response.json(refusal, { status: 429 }));
    server.refuse = 1006;
    start();
    await becomes("ended");
    expect(now().problem?.code).toBe("room_full");
  });

  test("a browser that mediasoup-client doesn't know ends the call with plain words", async () => {
    const unsupported = Object.assign(new Error("device not supported"), { name: "UnsupportedError" });
    start({ createDevice: async () => Promise.reject(unsupported) });
    await becomes("ended");
    expect(now().problem?.code).toBe("browser_unsupported");
  });

  test("what the server does not let through is told, until it is dismissed", async () => {
    server.answers["produce"] = () => {
      throw new Refusal(403, "may not publish");
    };
    start();
    await becomes("joined");
    await media.setCamera(true);
    await vi.waitFor(() => expect(now().problem?.message).toContain("may not publish"));
    call.dismissProblem();
    expect(now()).toMatchObject({ status: "joined", problem: null });
  });

  test("media that finds no way is repaired, and if that fails by joining again", async () => {
    server.answers["restartIce"] = () => ({ usernameFragment: "new", password: "new" });
    const [send] = await startWithTransports();
    if (!send) throw new Error("no transport");
    fakeHandlerOf(send).setConnectionState("failed");
    expect(now().problem?.code).toBe("media_blocked");
    await vi.waitFor(() => expect(server.asked("restartIce")).toEqual([{ transportId: send.id }]));
    fakeHandlerOf(send).setConnectionState("connected");
    expect(now().problem).toBeNull();
    fakeHandlerOf(send).setConnectionState("failed");
    await vi.waitFor(() => expect(server.asked("join")).toHaveLength(2));
    expect(server.asked("restartIce")).toHaveLength(1 + REPAIR.attempts);
    await becomes("joined");
  });

  test("messages of others' data channels are passed on", async () => {
    const consumers: types.DataConsumer[] = [];
    const [, receive] = await startWithTransports();
    receive?.observer.on("newdataconsumer", (consumer) => consumers.push(consumer));
    const heard: unknown[] = [];
    call.on("data", (message) => heard.push(message));
    const { id, dataProducerId, sctpStreamParameters } =
      testFakeParameters.generateDataConsumerRemoteParameters();
    const channel = { peerId: "grace", id, dataProducerId, sctpStreamParameters, label: "chat", protocol: "" };
    const request = server.ask("newDataConsumer", channel);
    await vi.waitFor(() => expect(server.responses).toMatchObject([{ id: request, ok: true }]));
    consumers[0]?.emit("message", "hello");
    expect(heard).toEqual([{ peerId: "grace", label: "chat", message: "hello" }]);
    server.notify("dataConsumerClosed", { dataConsumerId: id });
    expect(consumers[0]?.closed).toBe(true);
  });

  test("leaving closes the socket, keeps the sources, and is final", async () => {
    await media.open();
    start();
    await becomes("joined");
    const { socket } = server;
    call.leave();
    expect(socket?.readyState).toBe(3);
    expect(now()).toMatchObject({ status: "ended", problem: null, peers: [] });
    expect(media.state.get().camera.track?.readyState).toBe("live");
    call.leave();
    expect(await call.receiveStats()).toEqual([]);
  });
});
