/** What the details of a connection show. */

import type { CallState, Reading, RemoteMedia, StatsHistory } from "@connect/client";
import { describe, expect, test } from "vitest";

import { tracksOf } from "../src/ui/details";
import { BOX, plotted, SPAN } from "../src/ui/plot";
import { STRINGS } from "../src/ui/strings";

describe("the tracks of a connection", () => {
  test("of one's own are what is sent, the camera first, with the sizes in use", () => {
    const simulcast = reading({ streams: 3, activeStreams: 2 });
    const tracks = tracksOf(CALL, history({ sent: { microphone: [reading()], camera: [simulcast] } }), ADA);
    expect(tracks).toMatchObject([
      { direction: "sent", source: "camera", layers: { current: 2, of: 3 } },
      { direction: "sent", source: "microphone", layers: null, rests: "paused" },
    ]);
  });

  test("of somebody else are what arrives of them, measured or not yet", () => {
    const tracks = tracksOf(CALL, history({ received: { c2: [reading()] } }), BOB);
    expect(tracks).toMatchObject([
      { id: "c2", direction: "received", source: "camera", layers: { current: 1, of: 3 }, readings: [{}] },
      { id: "c1", source: "microphone", rests: "paused", layers: null, readings: [] },
    ]);
  });

  test("of somebody who has left are none", () => {
    expect(tracksOf(CALL, history({ received: { c2: [reading()] } }), { ...BOB, id: "cleo" })).toEqual([]);
  });

  test("a video of which no size comes says so", () => {
    const held = { ...CAMERA, suspended: true, layers: null } as RemoteMedia;
    const call = { ...CALL, peers: [{ id: "bob", media: [held] }] } as unknown as CallState;
    expect(tracksOf(call, history({}), BOB)).toMatchObject([{ rests: "suspended", layers: { current: 0, of: 3 } }]);
  });
});

describe("a plot", () => {
  test("has its newest reading at the right, and its highest at the top", () => {
    const { bitrate, mostBitrate } = plotted([
      reading({ at: SPAN / 2, bitrate: 1_000 }),
      reading({ at: SPAN, bitrate: 500 }),
    ]);
    expect(bitrate).toBe(`${BOX.width / 2}.0,0.0 ${BOX.width}.0,${BOX.height / 2}.0`);
    expect(mostBitrate).toBe(1_000);
  });

  test("shows no more than its time", () => {
    expect(plotted([reading({ at: 0 }), reading({ at: SPAN + 1 })]).bitrate.split(" ")).toHaveLength(1);
  });

  test("stands its losses on the ground, and little ones stay low", () => {
    const { loss } = plotted([reading({ at: 0, loss: 0.01 }), reading({ at: SPAN, loss: 0 })]);
    expect(loss).toBe(`0.0,${BOX.height}.0 0.0,48.0 ${BOX.width}.0,${BOX.height}.0 ${BOX.width}.0,${BOX.height}.0`);
  });

  test("of nothing is nothing", () => {
    expect(plotted([])).toEqual({ bitrate: "", loss: "", mostBitrate: 0, mostLoss: 0 });
  });
});

test("numbers are written with their units", () => {
  const { bits, percent, time, plot } = STRINGS.details;
  expect([bits(64_400), bits(1_250_000), percent(0.0312), time(19.6)]).toEqual([
    "64 kbit/s",
    expect.stringMatching(/^1[.,]3 Mbit\/s$/),
    expect.stringMatching(/^3[.,]1 %$/),
    "20 ms",
  ]);
  expect(plot(1e3, 2e3, 0)).toContain("now 1 kbit/s, at most 2 kbit/s");
});

function reading(changes: Partial<Reading> = {}): Reading {
  return { at: 0, bitrate: 0, loss: 0, lost: 0, streams: 1, activeStreams: 1, ...changes } as Reading;
}

function history(changes: Partial<StatsHistory>): StatsHistory {
  return { received: {}, sent: {}, ...changes };
}

const ADA = { id: "ada", self: true, muted: true };
const BOB = { id: "bob", self: false, muted: true };

const CAMERA = {
  consumerId: "c2",
  source: "camera",
  paused: false,
  suspended: false,
  spatialLayers: 3,
  layers: { spatialLayer: 0, temporalLayer: 2 },
} as RemoteMedia;

const MICROPHONE = {
  ...CAMERA,
  consumerId: "c1",
  source: "microphone",
  paused: true,
  spatialLayers: 1,
  layers: null,
} as RemoteMedia;

const CALL = { peerId: "ada", peers: [{ id: "bob", media: [MICROPHONE, CAMERA] }] } as unknown as CallState;
