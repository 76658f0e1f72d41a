/** What is to be sent, and the server that is asked for it: lost connections and refusals in the middle. */

import { testFakeParameters, type types } from "mediasoup-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { CallError, ConnectionLostError } from "../src/errors";
import type { LocalState } from "../src/local-state";
import { MediaLink, type LinkEvents } from "../src/media-link";
import type { Signaling } from "../src/signaling";
import type { Permissions } from "../src/wire";
import { createDevice, fakeHandlerOf, fakeTrack } from "./fakes";

/** A request for a producer, whose answer is in the hands of the test. */
interface Asked {
  readonly data: unknown;
  readonly answer: (answer: { id: string }) => void;
  readonly fail: (error: Error) => void;
}

const NOTHING = { transports: [], producers: [], consumers: [], dataProducers: [], dataConsumers: [] };

describe("A link that is asking for producers", () => {
  const onRefused = vi.fn();
  const stopSending = vi.fn();
  let asked: Asked[];
  let link: MediaLink;
  let transport: types.Transport;
  let produced: Promise<types.Producer>[];
  /** How many things the browser is at, and whether these ever were two. */
  let at: number;
  let confused: boolean;

  const signaling = {
    request: (method: string, data: unknown) =>
      new Promise((answer, fail) => {
        if (method === "produce") asked.push({ data, answer, fail });
        else answer(method === "createWebRtcTransport" ? testFakeParameters.generateTransportRemoteParameters() : {});
      }),
  } as unknown as Signaling;

  beforeEach(async () => {
    [asked, produced, at, confused] = [[], [], 0, false];
    for (const mock of [onRefused, stopSending]) mock.mockReset();
    const device = await createDevice();
    await device.load({ routerRtpCapabilities: testFakeParameters.generateRouterRtpCapabilities() });
    device.observer.on("newtransport", (made) => {
      if (made.direction === "send") transport = made;
    });
    link = new MediaLink(signaling, {}, { onRefused, onMedia: vi.fn() } as unknown as LinkEvents);
    await link.open(device, []);
    watchBrowser();
    send();
    await questions(1);
  });

  afterEach(() => link.close());

  const watchBrowser = () => {
    const handler = fakeHandlerOf(transport);
    const [produce, send, stop] = [transport.produce, handler.send, handler.stopSending];
    vi.spyOn(handler, "send").mockImplementation((options) => slowly(() => send.call(handler, options)));
    vi.spyOn(handler, "stopSending").mockImplementation((id) => {
      stopSending();
      return slowly(() => stop.call(handler, id));
    });
    vi.spyOn(transport, "produce").mockImplementation((options) => {
      const producing = produce.call(transport, options);
      produced.push(producing);
      return producing;
    });
  };
  /** Take time for it, as real browsers do. */
  const slowly = async <Result>(step: () => Promise<Result>) => {
    at += 1;
    confused ||= at > 1;
    await new Promise((resolve) => setTimeout(resolve));
    return step().finally(() => (at -= 1));
  };
  const send = () => {
    const [off, on] = [{ track: null, on: false }, { on: true }];
    const microphone = { ...on, track: fakeTrack("audio") };
    const camera = { ...on, track: fakeTrack("video") };
    const local = { microphone, camera, screen: off, screenAudio: off } as LocalState;
    link.publish(local, { canPublish: true } as Permissions);
  };
  const questions = (count: number) => vi.waitFor(() => expect(asked).toHaveLength(count));
  const lose = () => {
    asked.at(-1)?.fail(new ConnectionLostError());
    link.hold();
  };
  const resume = () => {
    const { transports, producers } = link.held();
    const sent = producers.map((id) => ({ id, paused: false }));
    link.resume({ ...NOTHING, transports: transports.map((id) => ({ id })), producers: sent });
  };
  const sends = (...ids: string[]) => vi.waitFor(() => expect(link.held().producers).toEqual(ids));

  test("asks the same again on the next connection when it loses this one", async () => {
    lose();
    expect(link.held().producers).toEqual([]);
    resume();
    await questions(2);
    expect(asked[1]?.data).toEqual(asked[0]?.data);
    asked[1]?.answer({ id: "first" });
    await questions(3);
    asked[2]?.answer({ id: "second" });
    await sends("first", "second");
    expect([stopSending, onRefused].map(({ mock }) => mock.calls)).toEqual([[], []]);
  });

  test("asks for nothing between two connections", async () => {
    asked[0]?.answer({ id: "first" });
    link.hold();
    await sends("first");
    await vi.waitFor(() => expect(at).toBe(0));
    expect(asked).toHaveLength(1);
    resume();
    await questions(2);
  });

  test("and is closed between two of them leaves nobody waiting", async () => {
    lose();
    link.close();
    expect(produced).toHaveLength(2);
    for (const producing of produced) await expect(producing).rejects.toThrow();
    resume();
    expect(asked).toHaveLength(1);
    expect(onRefused).not.toHaveBeenCalled();
  });

  test("leaves nobody waiting either where the server has nothing of it any more", async () => {
    lose();
    link.resume(NOTHING);
    for (const producing of produced) await expect(producing).rejects.toThrow();
    expect([link.closed, asked.length]).toEqual([true, 1]);
  });

  test("has the browser do one thing after another when the server refuses", async () => {
    const refusal = new CallError(403, "not allowed");
    asked[0]?.fail(refusal);
    await questions(2);
    asked[1]?.answer({ id: "second" });
    await sends("second");
    await vi.waitFor(() => expect(stopSending).toHaveBeenCalledOnce());
    await vi.waitFor(() => expect(at).toBe(0));
    expect(onRefused).toHaveBeenCalledExactlyOnceWith("microphone", refusal);
    expect(confused).toBe(false);
  });
});
