/** What is wanted of the others' media, and how the page says so by what it shows. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Call } from "../src/call";
import { layerFor } from "../src/video-views";
import { FakeMediaDevices, FakeServer, offer, Refusal } from "./fakes";
import { joinedCall } from "./in-call";

/** One of the browser's two observers, whose entries a test makes. */
class FakeObserver {
  static made: FakeObserver[] = [];
  readonly observed = new Set<unknown>();

  constructor(readonly report: (entries: object[]) => void) {
    FakeObserver.made.push(this);
  }

  observe = (target: unknown) => this.observed.add(target);
  unobserve = (target: unknown) => this.observed.delete(target);
  disconnect = () => this.observed.clear();
}

describe("layerFor", () => {
  test.each([
    [90, 0],
    [225, 0],
    [230, 1],
    [450, 1],
    [460, 2],
    [2_000, 2],
  ])("%i lines need layer %i of three", (lines, layer) => expect(layerFor(lines, 720, 3)).toBe(layer));

  test("what has one size only has nothing to choose from", () => expect(layerFor(10, 720, 1)).toBe(0));
});

describe("Subscriptions", () => {
  let server: FakeServer;
  let call: Call;
  let page: EventTarget & { hidden: boolean; pictureInPictureElement: unknown };

  beforeEach(async () => {
    FakeMediaDevices.install();
    FakeObserver.made = [];
    vi.stubGlobal("ResizeObserver", FakeObserver);
    vi.stubGlobal("IntersectionObserver", FakeObserver);
    page = Object.assign(new EventTarget(), { hidden: false, pictureInPictureElement: null });
    vi.stubGlobal("document", page);
    vi.stubGlobal("devicePixelRatio", 1);
    server = new FakeServer();
    server.answers["join"] = () => ({ peers: [{ id: "grace", displayName: "Grace" }] });
    call = await joinedCall();
  });

  afterEach(() => call.leave());

  const wishes = () => server.asked("setSubscription");
  const hears = (...expected: object[]) => vi.waitFor(() => expect(wishes()).toEqual(expected));
  /** Have a camera of Grace's in three sizes. */
  const camera = async () => {
    const { rtpParameters, ...rest } = offer("grace", "video", { source: "camera" });
    const encodings = [{ ssrc: 1, scalabilityMode: "L3T3" }];
    server.ask("newConsumer", { ...rest, rtpParameters: { ...rtpParameters, encodings } });
    await vi.waitFor(() => expect(call.state.get().peers[0]?.media).toHaveLength(1));
    return rest;
  };
  const element = (clientHeight: number) => Object.assign(new EventTarget(), { clientHeight }) as HTMLElement;
  const show = (target: HTMLElement, isIntersecting = true) =>
    FakeObserver.made.at(-1)?.report([{ target, isIntersecting }]);
  const resized = (target: HTMLElement) => FakeObserver.made.at(-2)?.report([{ target }]);

  test("wishes are told as they are", async () => {
    const { subscriptions } = call;
    await subscriptions.setAuto(false);
    await subscriptions.choose("p1", { subscribed: true, priority: 5 });
    await subscriptions.setLastN(4);
    expect(wishes()).toEqual([{ auto: false }, { producerId: "p1", subscribed: true, priority: 5 }]);
    expect(server.asked("setLastN")).toEqual([{ lastN: 4 }]);
  });

  test("a refusal is for who asked", async () => {
    server.answers["setLastN"] = () => {
      throw new Refusal(400, "too small", "bad_request");
    };
    await expect(call.subscriptions.setLastN(-1)).rejects.toMatchObject({ status: 400 });
  });

  test("after a lost connection all wishes are told again", async () => {
    const { subscriptions } = call;
    await subscriptions.setAuto(false);
    await subscriptions.setLastN(4);
    await subscriptions.choose("p1", { subscribed: true });
    await subscriptions.choose("p1", { priority: 9 });
    server.requests.length = 0;
    server.socket?.end(1006);
    await subscriptions.choose("p2", { visible: false });
    await hears(
      { auto: false },
      { producerId: "p1", subscribed: true, priority: 9 },
      { producerId: "p2", visible: false },
    );
    expect(server.asked("setLastN")).toEqual([{ lastN: 4 }]);
  });

  test("wishes about what has gone meanwhile are forgotten", async () => {
    await call.subscriptions.choose("gone", { subscribed: true });
    server.answers["setSubscription"] = () => {
      throw new Refusal(404, "no such producer", "not_found");
    };
    for (let times = 0; times < 2; times += 1) {
      server.requests.length = 0;
      server.socket?.end(1006);
      await vi.waitFor(() => expect(call.state.get().status).toBe("joined"));
    }
    expect(wishes()).toEqual([]);
  });

  test("a video comes in the size in which it is shown, and another one when that changes", async () => {
    const { producerId } = await camera();
    const tile = element(150) as { clientHeight: number } & HTMLElement;
    call.subscriptions.observeVideo(tile, { producerId });
    show(tile);
    const small = { producerId, visible: true, preferredLayers: { spatialLayer: 0 } };
    await hears(small);
    tile.clientHeight = 700;
    resized(tile);
    await hears(small, { producerId, visible: true, preferredLayers: null });
  });

  test("a size that was worked out while another layer was about to come is worked out again when it is there", async () => {
    const { producerId, id: consumerId } = await camera();
    const track = call.state.get().peers[0]?.media[0]?.track as MediaStreamTrack;
    let height = 360;
    track.getSettings = () => ({ height });
    server.notify("consumerLayersChanged", { consumerId, spatialLayer: 2, temporalLayer: 2 });
    const tile = element(150);
    call.subscriptions.observeVideo(tile, { producerId });
    show(tile);
    // Taken for 360 lines in all, of which the middle size has too few.
    const middle = { producerId, visible: true, preferredLayers: { spatialLayer: 1 } };
    await hears(middle);
    height = 720;
    tile.dispatchEvent(new Event("resize"));
    const small = { producerId, visible: true, preferredLayers: { spatialLayer: 0 } };
    await hears(middle, small);
    height = 360;
    tile.dispatchEvent(new Event("resize"));
    await hears(middle, small, middle);
    server.notify("consumerLayersChanged", { consumerId, spatialLayer: 1, temporalLayer: 2 });
    await hears(middle, small, middle, small);
  });

  test("a video that is shown twice comes in the larger size, and stops when nobody sees it", async () => {
    const { producerId } = await camera();
    const [small, large] = [element(100), element(700)];
    const ends = [small, large].map((target) => call.subscriptions.observeVideo(target, { producerId }));
    show(small);
    show(large);
    await hears({ producerId, visible: true, preferredLayers: null });
    ends[1]?.();
    await vi.waitFor(() => expect(wishes().at(-1)).toMatchObject({ preferredLayers: { spatialLayer: 0 } }));
    show(small, false);
    await vi.waitFor(() => expect(wishes().at(-1)).toEqual({ producerId, visible: false }));
    show(small);
    await vi.waitFor(() => expect(wishes().at(-1)).toMatchObject({ visible: true }));
    ends[0]?.();
    await vi.waitFor(() => expect(wishes().at(-1)).toEqual({ producerId, visible: false }));
  });

  test("a page in the background sees nothing but its picture in picture", async () => {
    const { producerId } = await camera();
    const target = element(700);
    call.subscriptions.observeVideo(target, { producerId });
    show(target);
    await vi.waitFor(() => expect(wishes().at(-1)).toMatchObject({ visible: true }));
    page.hidden = true;
    page.dispatchEvent(new Event("visibilitychange"));
    await vi.waitFor(() => expect(wishes().at(-1)).toEqual({ producerId, visible: false }));
    page.pictureInPictureElement = target;
    page.dispatchEvent(new Event("visibilitychange"));
    await vi.waitFor(() => expect(wishes().at(-1)).toMatchObject({ visible: true }));
  });

  test("a picture in picture is seen wherever its tile is, in the size of its own window", async () => {
    const { producerId } = await camera();
    const target = element(700);
    call.subscriptions.observeVideo(target, { producerId });
    show(target);
    const large = { producerId, visible: true, preferredLayers: null };
    await hears(large);
    const pictureInPictureWindow = Object.assign(new EventTarget(), { height: 150 });
    page.pictureInPictureElement = target;
    page.dispatchEvent(Object.assign(new Event("enterpictureinpicture"), { pictureInPictureWindow }));
    show(target, false);
    const small = { producerId, visible: true, preferredLayers: { spatialLayer: 0 } };
    await hears(large, small);
    pictureInPictureWindow.height = 700;
    pictureInPictureWindow.dispatchEvent(new Event("resize"));
    await hears(large, small, large);
    page.pictureInPictureElement = null;
    page.dispatchEvent(new Event("leavepictureinpicture"));
    await hears(large, small, large, { producerId, visible: false });
  });

  test("what the server holds back is shown as such", async () => {
    const { id: consumerId } = await camera();
    const media = () => call.state.get().peers[0]?.media[0];
    server.notify("videoSuspended", { consumerId });
    expect(media()?.suspended).toBe(true);
    server.notify("videoResumed", { consumerId });
    expect(media()?.suspended).toBe(false);
  });
});
