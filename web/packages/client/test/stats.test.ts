/** From the browser's counters to what people can read. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { receivedTotals, sentTotals, type CallTotals, type TrackTotals } from "../src/rtc-stats";
import { readingOf, StatsMonitor } from "../src/stats-monitor";

const reportOf = (...entries: object[]) =>
  new Map(entries.map((entry, index) => [(entry as { id?: string }).id ?? String(index), entry])) as RTCStatsReport;

const totals = (at: number, bytes: number, packets: number, lost = 0): TrackTotals => {
  const video = { width: 640, height: 360, framesPerSecond: 30, codec: "VP8", streams: 1, activeStreams: 1 };
  return { at, bytes, packets, lost, roundTrip: 20, jitter: 2, ...video };
};

describe("what a browser says", () => {
  test("of a video that it receives", () => {
    const report = reportOf(
      { id: "c", type: "codec", mimeType: "video/VP8" },
      { type: "inbound-rtp", codecId: "c", bytesReceived: 9, packetsReceived: 8, packetsLost: 1, jitter: 0.004 },
      { type: "candidate-pair", nominated: true, state: "succeeded", currentRoundTripTime: 0.02 },
      { type: "candidate-pair", nominated: false, state: "succeeded", currentRoundTripTime: 5 },
    );
    expect(receivedTotals(report)).toMatchObject({
      ...{ bytes: 9, packets: 8, lost: 1, roundTrip: 20, jitter: 4, codec: "VP8", width: 0, streams: 1 },
    });
  });

  test("of a video that it sends in several sizes", () => {
    const report = reportOf(
      { type: "outbound-rtp", bytesSent: 1, packetsSent: 2, frameWidth: 160, framesPerSecond: 15, active: true },
      { type: "outbound-rtp", bytesSent: 3, packetsSent: 4, frameWidth: 320, framesPerSecond: 30, active: false },
      { type: "remote-inbound-rtp", packetsLost: 1, roundTripTime: 0.01 },
      { type: "remote-inbound-rtp", packetsLost: 2, roundTripTime: 0.03 },
    );
    expect(sentTotals(report)).toMatchObject({
      ...{ bytes: 4, packets: 6, lost: 3, roundTrip: 30, codec: null, width: 320, framesPerSecond: 30 },
      ...{ streams: 2, activeStreams: 1, jitter: null },
    });
  });

  test("of streams of which it does not tell whether they are in use", () => {
    const report = reportOf(
      { type: "outbound-rtp", rid: "r0", framesPerSecond: 30 },
      { type: "outbound-rtp", rid: "r1", framesPerSecond: 0 },
      { type: "outbound-rtp", rid: "r2" },
    );
    expect(sentTotals(report)).toMatchObject({ streams: 3, activeStreams: 2 });
  });

  test("of a track that nothing has gone over yet", () => {
    expect(sentTotals(reportOf())).toMatchObject({ bytes: 0, roundTrip: null, codec: null, width: 0 });
  });
});

describe("readingOf", () => {
  test("is what happened between two moments", () => {
    const reading = readingOf(totals(3_000, 11_000, 190, 11), totals(1_000, 1_000, 100, 1));
    expect(reading).toMatchObject({ at: 3_000, bitrate: 40_000, lost: 10, loss: 0.1, codec: "VP8", roundTrip: 20 });
  });

  test("knows nothing of a single moment, nor of counters that begin anew", () => {
    expect(readingOf(totals(1, 1, 1), undefined)).toBeNull();
    expect(readingOf(totals(2, 1, 1), totals(1, 500, 10))).toBeNull();
  });

  test("loses nothing where nothing was sent, and never less than nothing", () => {
    expect(readingOf(totals(2, 1, 1), totals(1, 1, 1))).toMatchObject({ bitrate: 0, loss: 0 });
    expect(readingOf(totals(2, 5, 9, 1), totals(1, 1, 1, 3))).toMatchObject({ lost: 0, loss: 0 });
  });
});

describe("StatsMonitor", () => {
  const ask = vi.fn<() => Promise<CallTotals>>();
  let monitor: StatsMonitor;

  beforeEach(() => {
    vi.useFakeTimers();
    let bytes = 0;
    ask.mockReset().mockImplementation(async () => {
      bytes += 1_000;
      const received = bytes === 2_000 ? { c1: totals(1, 1, 1) } : {};
      return { received, sent: { camera: totals(Date.now(), bytes, 1) } };
    });
    monitor = new StatsMonitor({ totals: ask }, { period: 1_000, keep: 3 });
  });

  afterEach(() => {
    monitor.stop();
    vi.useRealTimers();
  });

  test("keeps the last readings of each track, and none of those that ended", async () => {
    await vi.advanceTimersByTimeAsync(10_000);
    const { sent, received } = monitor.state.get();
    expect(sent.camera?.map(({ bitrate }) => bitrate)).toEqual([8_000, 8_000, 8_000]);
    expect(received).toEqual({});
  });

  test("a failure is for once", async () => {
    vi.spyOn(console, "debug").mockReturnValue();
    ask.mockRejectedValueOnce(new Error("the track has just ended"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(monitor.state.get().sent.camera).not.toHaveLength(0);
  });

  test("asks no more once it is stopped", async () => {
    monitor.stop();
    await vi.advanceTimersByTimeAsync(0);
    const { length } = ask.mock.calls;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ask.mock.calls).toHaveLength(length);
  });
});
