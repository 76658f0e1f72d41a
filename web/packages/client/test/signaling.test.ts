import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { CallError, ConnectionLostError, RequestTimeoutError } from "../src/errors";
import { Signaling } from "../src/signaling";
import { ReconnectingSocket } from "../src/socket";
import { FakeServer, QUICK, Refusal } from "./fakes";

describe("Signaling", () => {
  let server: FakeServer;
  let socket: ReconnectingSocket;
  let signaling: Signaling;

  beforeEach(async () => {
    server = new FakeServer();
    socket = new ReconnectingSocket({ url: "ws://server/ws", token: null }, QUICK);
    signaling = new Signaling(socket);
    await vi.waitUntil(() => server.socket);
  });

  afterEach(() => socket.close());

  test("an answer resolves its request", async () => {
    server.answers["produce"] = ({ kind }) => ({ id: `the ${String(kind)} one` });
    const data = { transportId: "t", kind: "audio", rtpParameters: { codecs: [] }, appData: {} } as const;
    await expect(signaling.request("produce", data as never)).resolves.toEqual({ id: "the audio one" });
  });

  test("an error of the server keeps its status, its name and its words", async () => {
    server.answers["closeProducer"] = () => {
      throw new Refusal(404, "no such producer", "not_found");
    };
    const request = signaling.request("closeProducer", { producerId: "p" });
    await expect(request).rejects.toEqual(new CallError(404, "no such producer", "not_found"));
    await expect(request).rejects.toMatchObject({ status: 404, errorName: "not_found" });
  });

  test("a lost connection ends every wait at once", async () => {
    const waits = [
      signaling.request("restartIce", { transportId: "a" }),
      signaling.request("join", {} as never),
    ];
    server.socket?.end(1006);
    for (const wait of waits) await expect(wait).rejects.toBeInstanceOf(ConnectionLostError);
  });

  test("a request without a connection fails at once", async () => {
    server.socket?.end(1006);
    const request = signaling.request("closeProducer", { producerId: "p" });
    await expect(request).rejects.toBeInstanceOf(ConnectionLostError);
  });

  test("a server that says nothing is not waited for", async () => {
    vi.useFakeTimers();
    if (server.socket) server.socket.onSent = () => undefined;
    const request = expect(signaling.request("closeProducer", { producerId: "p" })).rejects;
    const outcome = request.toBeInstanceOf(RequestTimeoutError);
    await vi.advanceTimersByTimeAsync(15_000);
    await outcome;
    vi.useRealTimers();
  });

  test("an answer for a connection that was lost is not given to the next one", async () => {
    let accept = () => {};
    signaling.on("request", (_, itsAccept) => (accept = itsAccept));
    server.ask("newConsumer", {});
    const { socket: first } = server;
    first?.end(1006);
    await vi.waitUntil(() => server.socket !== first);
    accept();
    server.ask("newConsumer", {});
    accept();
    await vi.waitFor(() => expect(server.responses).toHaveLength(1));
  });

  test("requests and notifications of the server are passed on", () => {
    const heard: unknown[] = [];
    signaling.on("notification", (notification) => heard.push(notification.data));
    signaling.on("request", (request, accept, reject) => {
      heard.push(request.method);
      if (request.method === "newConsumer") accept();
      else reject(500, "no");
    });
    server.notify("peerClosed", { peerId: "ada" });
    server.ask("newConsumer", {});
    server.ask("newDataConsumer", {});
    expect(heard).toEqual([{ peerId: "ada" }, "newConsumer", "newDataConsumer"]);
    expect(server.responses).toMatchObject([{ ok: true }, { ok: false, errorCode: 500, errorReason: "no" }]);
  });
});
