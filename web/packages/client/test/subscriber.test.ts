import { testFakeParameters, type types } from "mediasoup-client";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { Subscriber } from "../src/subscriber";
import type { ServerNotification } from "../src/wire";
import { createDevice, offer } from "./fakes";

describe("Subscriber", () => {
  let transport: types.Transport;
  let subscriber: Subscriber;
  const onChange = vi.fn();

  beforeEach(async () => {
    const device = await createDevice();
    await device.load({ routerRtpCapabilities: testFakeParameters.generateRouterRtpCapabilities() });
    transport = device.createRecvTransport(testFakeParameters.generateTransportRemoteParameters());
    transport.on("connect", (_, done) => done());
    subscriber = new Subscriber(transport, onChange);
    onChange.mockReset();
  });

  const consumerOf = (id: string, method: string, data: object = {}) =>
    subscriber.handle({ method, data: { consumerId: id, ...data } } as ServerNotification);

  test("an offer becomes media of its peer", async () => {
    const camera = offer("ada", "video", { source: "camera" });
    await subscriber.consume(camera);
    expect(subscriber.mediaOf("ada")).toMatchObject([
      { consumerId: camera.id, kind: "video", source: "camera", paused: false, track: { kind: "video" } },
    ]);
    expect(subscriber.mediaOf("grace")).toEqual([]);
    expect(onChange).toHaveBeenCalledWith("ada");
  });

  test("without a source, audio is a microphone and video a camera", async () => {
    await subscriber.consume(offer("ada", "audio"));
    await subscriber.consume(offer("ada", "video", { source: "hologram" }));
    expect(subscriber.mediaOf("ada").map(({ source }) => source)).toEqual(["microphone", "camera"]);
  });

  test("a pause that overtakes the making of its consumer is not lost", async () => {
    const microphone = offer("ada", "audio");
    const made = subscriber.consume(microphone);
    consumerOf(microphone.id, "consumerPaused");
    consumerOf(microphone.id, "consumerScore", { score: { score: 7, producerScore: 10 } });
    expect(subscriber.mediaOf("ada")).toEqual([]);
    await made;
    expect(subscriber.mediaOf("ada")).toMatchObject([{ paused: true, score: { score: 7 } }]);
  });

  test("a consumer that is closed while it is being made never shows", async () => {
    const camera = offer("ada", "video");
    const made = subscriber.consume(camera);
    consumerOf(camera.id, "consumerClosed");
    await made;
    expect(subscriber.mediaOf("ada")).toEqual([]);
    expect(await subscriber.stats()).toEqual([]);
  });

  test("a peer who leaves while a consumer is being made leaves nothing", async () => {
    const made = subscriber.consume(offer("ada", "video"));
    subscriber.closePeer("ada");
    await made;
    expect(subscriber.mediaOf("ada")).toEqual([]);
  });

  test("pause and resume are seen, as new values", async () => {
    const microphone = offer("ada", "audio");
    await subscriber.consume(microphone);
    const [before] = subscriber.mediaOf("ada");
    consumerOf(microphone.id, "consumerPaused");
    const [after] = subscriber.mediaOf("ada");
    expect([before?.paused, after?.paused]).toEqual([false, true]);
    consumerOf(microphone.id, "consumerResumed");
    expect(subscriber.mediaOf("ada")[0]?.paused).toBe(false);
  });

  test("the layers that arrive are told, and that none does", async () => {
    const camera = offer("ada", "video");
    await subscriber.consume(camera);
    consumerOf(camera.id, "consumerLayersChanged", { spatialLayer: 1, temporalLayer: 2 });
    expect(subscriber.mediaOf("ada")[0]?.layers).toEqual({ spatialLayer: 1, temporalLayer: 2 });
    consumerOf(camera.id, "consumerLayersChanged", { spatialLayer: null, temporalLayer: null });
    expect(subscriber.mediaOf("ada")[0]?.layers).toBeNull();
  });

  test("closing one of a peer's consumers leaves the others", async () => {
    const [microphone, camera] = [offer("ada", "audio"), offer("ada", "video")];
    await Promise.all([subscriber.consume(microphone), subscriber.consume(camera)]);
    consumerOf(camera.id, "consumerClosed");
    expect(subscriber.mediaOf("ada").map(({ kind }) => kind)).toEqual(["audio"]);
  });

  test("an offer that can't be consumed fails, and leaves nothing", async () => {
    const broken = { ...offer("ada", "audio"), rtpParameters: { codecs: [], encodings: [] } };
    await expect(subscriber.consume(broken)).rejects.toThrow();
    expect(subscriber.mediaOf("ada")).toEqual([]);
  });

  test("after a lost connection what the server has goes on as it is now, and what it has not is closed", async () => {
    const [microphone, camera] = [offer("ada", "audio"), offer("ada", "video")];
    await Promise.all([subscriber.consume(microphone), subscriber.consume(camera)]);
    consumerOf(camera.id, "consumerScore", { score: { score: 3, producerScore: 3 } });
    const [, before] = subscriber.mediaOf("ada");
    subscriber.hold();
    expect(subscriber.ids).toEqual([microphone.id, camera.id]);
    subscriber.resume([{ id: camera.id, producerPaused: true, suspended: true }]);
    const [now, ...others] = subscriber.mediaOf("ada");
    expect(others).toEqual([]);
    expect(now).toMatchObject({ consumerId: camera.id, paused: true, suspended: true, score: null });
    expect(now?.track).toBe(before?.track);
  });

  test("a consumer that is being made when the connection is lost never shows", async () => {
    const made = subscriber.consume(offer("ada", "video"));
    subscriber.hold();
    expect(subscriber.ids).toEqual([]);
    await made;
    expect(subscriber.mediaOf("ada")).toEqual([]);
  });

  test("notifications about unknown consumers are no trouble", () => {
    consumerOf("nobody's", "consumerClosed");
    subscriber.handle({ method: "peerClosed", data: { peerId: "ada" } });
    expect(onChange).not.toHaveBeenCalled();
  });
});
