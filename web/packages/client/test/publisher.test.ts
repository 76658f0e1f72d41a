import { testFakeParameters, type types } from "mediasoup-client";
import { beforeEach, describe, expect, test, vi } from "vitest";

import type { VideoCodec } from "../src/encodings";
import { CallError, ConnectionLostError } from "../src/errors";
import { Publisher } from "../src/publisher";
import type { Signaling } from "../src/signaling";
import { createDevice, fakeTrack } from "./fakes";

/** The browser's sender of `count` sizes. */
class FakeSender {
  active: boolean[];

  constructor(count: number) {
    this.active = Array.from({ length: count }, () => true);
  }

  getParameters = () => ({ encodings: this.active.map((active) => ({ active })) });

  setParameters = async ({ encodings }: { encodings: { active: boolean }[] }): Promise<void> => {
    this.active = encodings.map(({ active }) => active);
  };
}

const videoCodec = (name: string, parameters: object = {}) => ({
  ...{ mimeType: `video/${name}`, kind: "video", clockRate: 90_000, preferredPayloadType: 100 },
  parameters,
});

describe("Publisher", () => {
  let transport: types.Transport;
  let device: types.Device;
  let signaling: Signaling;
  let publisher: Publisher;
  let asked: string[];
  let produced: { kind: string; appData: unknown; rtpParameters: types.RtpParameters }[];
  let refusal: Error | null;
  const [onRefused, onMuted] = [vi.fn(), vi.fn()];
  const events = { onRefused, onMuted };

  beforeEach(async () => {
    [asked, produced, refusal] = [[], [], null];
    for (const mock of [onRefused, onMuted]) mock.mockReset();
    device = await createDevice();
    await device.load({ routerRtpCapabilities: testFakeParameters.generateRouterRtpCapabilities() });
    transport = device.createSendTransport(testFakeParameters.generateTransportRemoteParameters());
    transport.on("connect", (_, done) => done());
    transport.on("produce", (options, done, failed) => {
      asked.push(`produce ${options.kind}`);
      if (refusal) return failed(refusal);
      produced.push(options);
      done({ id: `${options.kind}-${produced.length}` });
    });
    signaling = {
      request: async (method: string, { producerId }: { producerId: string }) => {
        asked.push(`${method} ${producerId}`);
        if (refusal) throw refusal;
      },
    } as unknown as Signaling;
    publisher = new Publisher(transport, device, signaling, events);
  });

  /** Let the producers to come have this sender. */
  const sendWith = (rtpSender: FakeSender) =>
    transport.observer.on("newproducer", (producer) => {
      Object.defineProperty(producer, "rtpSender", { value: rtpSender });
    });
  const settled = (...requests: string[]) => vi.waitFor(() => expect(asked).toEqual(requests));

  test("the camera goes out as VP8 in three sizes", async () => {
    publisher.want("camera", { track: fakeTrack("video"), on: true });
    await settled("produce video");
    expect(produced[0]?.appData).toEqual({ source: "camera" });
    expect(produced[0]?.rtpParameters.codecs[0]?.mimeType).toMatch(/vp8/i);
    expect(produced[0]?.rtpParameters.encodings).toMatchObject([
      { scaleResolutionDownBy: 4, scalabilityMode: "L1T3" },
      { scaleResolutionDownBy: 2, scalabilityMode: "L1T3" },
      { scaleResolutionDownBy: 1, scalabilityMode: "L1T3" },
    ]);
  });

  test("a room without the codec that is wished for gets VP8", async () => {
    publisher = new Publisher(transport, device, signaling, events, "AV1");
    publisher.want("screen_share", { track: fakeTrack("video"), on: true });
    await settled("produce video");
    expect(produced[0]?.rtpParameters.codecs[0]?.mimeType).toMatch(/vp8/i);
  });

  /** Let the room have these codecs, and give what the producers to come are made with. */
  const withCodecs = (codecs: object[], wished?: VideoCodec) => {
    const made = vi.spyOn(transport, "produce").mockResolvedValue({ id: "p1" } as types.Producer);
    const room = { sendRtpCapabilities: { codecs } } as unknown as types.Device;
    publisher = new Publisher(transport, room, signaling, events, wished);
    return made;
  };

  test("VP9 goes out in one stream with all sizes in it, and in the profile that has them", async () => {
    const [plain, colourful] = [0, 2].map((id) => videoCodec("VP9", { "profile-id": id }));
    const made = withCodecs([videoCodec("VP8"), colourful, plain] as object[], "VP9");
    publisher.want("camera", { track: fakeTrack("video"), on: true });
    await vi.waitFor(() => expect(made).toHaveBeenCalledTimes(1));
    expect(made.mock.calls[0]?.[0]).toMatchObject({ codec: plain, encodings: [{ scalabilityMode: "L3T3_KEY" }] });
  });

  test("without a wish the room's first choice is taken, for camera and screen", async () => {
    const made = withCodecs([videoCodec("rtx"), videoCodec("AV1"), videoCodec("VP8")]);
    publisher.want("camera", { track: fakeTrack("video"), on: true });
    publisher.want("screen_share", { track: fakeTrack("video"), on: true });
    await vi.waitFor(() => expect(made).toHaveBeenCalledTimes(2));
    expect(made.mock.calls).toMatchObject([
      [{ codec: { mimeType: "video/AV1" }, encodings: [{ scalabilityMode: "L3T3_KEY" }] }],
      [{ codec: { mimeType: "video/AV1" }, encodings: [{ scalabilityMode: "L1T3" }] }],
    ]);
  });

  test("sizes that nobody receives are not sent, and come back when somebody does", async () => {
    const sender = new FakeSender(3);
    sendWith(sender);
    publisher.want("camera", { track: fakeTrack("video"), on: true });
    await vi.waitFor(() => expect(publisher.sourceOf("video-1")).toBe("camera"));
    const limited = (maxSpatialLayer: number | null, paused: boolean) =>
      publisher.limit([{ producerId: "video-1", maxSpatialLayer, paused }]);
    limited(0, false);
    await vi.waitFor(() => expect(sender.active).toEqual([true, false, false]));
    limited(2, true);
    await vi.waitFor(() => expect(sender.active).toEqual([false, false, false]));
    limited(1, false);
    limited(null, false);
    await vi.waitFor(() => expect(sender.active).toEqual([true, true, true]));
  });

  test("a browser that can't leave out sizes sends them all", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    const sender = new FakeSender(3);
    sender.setParameters = async () => Promise.reject(new Error("not now"));
    sendWith(sender);
    publisher.want("camera", { track: fakeTrack("video"), on: true });
    await vi.waitFor(() => expect(publisher.sourceOf("video-1")).toBe("camera"));
    publisher.limit([{ producerId: "video-1", maxSpatialLayer: 0, paused: false }]);
    await vi.waitFor(() => expect(warned).toHaveBeenCalledTimes(1));
    expect(onRefused).not.toHaveBeenCalled();
    publisher.want("camera", null);
    await settled("produce video", "closeProducer video-1");
  });

  test("a microphone that starts muted is not sent before it is unmuted", async () => {
    const track = fakeTrack("audio");
    publisher.want("microphone", { track, on: false });
    publisher.want("microphone", { track, on: true });
    await settled("produce audio");
  });

  test("muting pauses, unmuting resumes, turning off closes", async () => {
    const track = fakeTrack("audio");
    publisher.want("microphone", { track, on: true });
    await settled("produce audio");
    publisher.want("microphone", { track, on: false });
    await settled("produce audio", "pauseProducer audio-1");
    publisher.want("microphone", { track, on: true });
    await settled("produce audio", "pauseProducer audio-1", "resumeProducer audio-1");
    publisher.want("microphone", null);
    await settled("produce audio", "pauseProducer audio-1", "resumeProducer audio-1", "closeProducer audio-1");
    expect(track.readyState).toBe("live");
  });

  test("of many wishes in a row the last one decides", async () => {
    const track = fakeTrack("video");
    publisher.want("camera", { track, on: true });
    publisher.want("camera", null);
    publisher.want("camera", { track, on: true });
    publisher.want("camera", null);
    await settled("produce video", "closeProducer video-1");
  });

  test("another device takes over without a new producer", async () => {
    const [first, second] = [fakeTrack("audio"), fakeTrack("audio")];
    publisher.want("microphone", { track: first, on: true });
    await settled("produce audio");
    publisher.want("microphone", { track: second, on: false });
    await settled("produce audio", "pauseProducer audio-1");
  });

  test("what the server refuses is reported once, and tried again with the next wish", async () => {
    refusal = new CallError(403, "not allowed");
    const track = fakeTrack("video");
    publisher.want("screen_share", { track, on: true });
    await vi.waitFor(() => expect(onRefused).toHaveBeenCalledWith("screen_share", refusal));
    publisher.want("screen_share", null);
    refusal = null;
    publisher.want("screen_share", { track, on: true });
    await settled("produce video", "produce video");
    expect(onRefused).toHaveBeenCalledTimes(1);
  });

  test("a session that ends in the middle is no refusal", async () => {
    publisher.want("camera", { track: fakeTrack("video"), on: true });
    transport.close();
    publisher.want("microphone", { track: fakeTrack("audio"), on: true });
    await vi.waitFor(() => expect(transport.closed).toBe(true));
    expect(onRefused).not.toHaveBeenCalled();
  });

  test("a producer that the server closed is not closed again, and its source is sent again when it was off", async () => {
    const track = fakeTrack("video");
    publisher.want("camera", { track, on: true });
    await settled("produce video");
    publisher.closedByServer("video-1");
    expect(publisher.sourceOf("video-1")).toBeUndefined();
    publisher.closedByServer("video-1");
    publisher.want("camera", { track, on: true });
    publisher.want("camera", null);
    await settled("produce video");
    publisher.want("camera", { track, on: true });
    await settled("produce video", "produce video");
  });

  test("a producer that the server closed just before is no problem", async () => {
    publisher.want("camera", { track: fakeTrack("video"), on: true });
    await settled("produce video");
    refusal = new CallError(404, "no such producer", "not_found");
    publisher.want("camera", null);
    await settled("produce video", "closeProducer video-1");
    await vi.waitFor(() => expect(publisher.sourceOf("video-1")).toBeUndefined());
    expect(onRefused).not.toHaveBeenCalled();
  });

  describe("whose connection is lost", () => {
    const track = fakeTrack("audio");

    beforeEach(async () => {
      publisher.want("microphone", { track, on: true });
      await settled("produce audio");
      asked.length = 0;
    });

    const resumed = (paused: boolean) => publisher.resume([{ id: "audio-1", paused }]);

    test("does on the next one what was wanted meanwhile", async () => {
      publisher.hold();
      publisher.want("microphone", { track, on: false });
      expect(asked).toEqual([]);
      resumed(false);
      await settled("pauseProducer audio-1");
      expect(onMuted).not.toHaveBeenCalled();
    });

    test("asks again for what was under way", async () => {
      refusal = new ConnectionLostError();
      publisher.want("microphone", { track, on: false });
      await settled("pauseProducer audio-1");
      publisher.hold();
      refusal = null;
      resumed(false);
      await settled("pauseProducer audio-1", "pauseProducer audio-1");
      expect(onRefused).not.toHaveBeenCalled();
    });

    test("does not ask again for what has arrived all the same", async () => {
      refusal = new ConnectionLostError();
      publisher.want("microphone", { track, on: false });
      await settled("pauseProducer audio-1");
      publisher.hold();
      refusal = null;
      resumed(true);
      publisher.want("microphone", { track, on: true });
      await settled("pauseProducer audio-1", "resumeProducer audio-1");
    });

    test("leaves muted what a moderator muted meanwhile", async () => {
      publisher.hold();
      resumed(true);
      expect(onMuted).toHaveBeenCalledExactlyOnceWith("microphone");
      publisher.want("microphone", { track, on: false });
      await settled("pauseProducer audio-1");
    });

    test("sends again what the server does not have", async () => {
      publisher.hold();
      publisher.resume([]);
      await settled("produce audio");
      expect(publisher.ids).toEqual(["audio-2"]);
    });
  });

  test("a microphone that may not be turned on again stays muted", async () => {
    const track = fakeTrack("audio");
    publisher.want("microphone", { track, on: true });
    await settled("produce audio");
    publisher.want("microphone", { track, on: false });
    await settled("produce audio", "pauseProducer audio-1");
    refusal = new CallError(403, "a moderator muted it", "not_allowed");
    publisher.want("microphone", { track, on: true });
    await vi.waitFor(() => expect(onRefused).toHaveBeenCalledWith("microphone", refusal));
    publisher.want("microphone", { track, on: false });
    await settled("produce audio", "pauseProducer audio-1", "resumeProducer audio-1");
  });
});
