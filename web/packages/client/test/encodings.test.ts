/** What is sent of a video of which others want less than all. */

import type { types } from "mediasoup-client";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { limitEncodings } from "../src/encodings";

describe("limitEncodings", () => {
  let encoding: Record<string, unknown>;
  let mode: string;
  const setParameters = vi.fn<(parameters: { encodings: (typeof encoding)[] }) => Promise<void>>();

  beforeEach(() => {
    mode = "L3T3_KEY";
    encoding = { active: true, scalabilityMode: mode, maxBitrate: 1_600_000 };
    setParameters.mockReset().mockImplementation(async ({ encodings: [set] }) => void (encoding = { ...set }));
  });

  const limited = async (maxSpatialLayer: number | null, paused = false) => {
    const rtpSender = { getParameters: () => ({ encodings: [{ ...encoding }] }), setParameters };
    const rtpParameters = { encodings: [{ scalabilityMode: mode, maxBitrate: 1_600_000 }] };
    const producer = { rtpSender, rtpParameters } as unknown as types.Producer;
    await limitEncodings(producer, { producerId: "p1", maxSpatialLayer, paused });
    return encoding;
  };

  test.each([
    [0, { scalabilityMode: "L1T3", scaleResolutionDownBy: 4, maxBitrate: 100_000 }],
    [1, { scalabilityMode: "L2T3_KEY", scaleResolutionDownBy: 2, maxBitrate: 400_000 }],
    [2, { scalabilityMode: "L3T3_KEY", scaleResolutionDownBy: 1, maxBitrate: 1_600_000 }],
    [null, { scalabilityMode: "L3T3_KEY", scaleResolutionDownBy: 1, maxBitrate: 1_600_000 }],
  ])("of one stream with three sizes (SVC) those up to %s stay as large as they were", async (highest, expected) => {
    await limited(0);
    expect(await limited(highest)).toEqual({ active: true, ...expected });
  });

  test("nothing is sent to nobody", async () => {
    expect(await limited(2, true)).toMatchObject({ active: false, scalabilityMode: "L3T3_KEY" });
    expect(await limited(0)).toMatchObject({ active: true, scalabilityMode: "L1T3" });
  });

  test("a stream of one size keeps it", async () => {
    mode = "L1T3";
    encoding = { active: true, scalabilityMode: mode };
    expect(await limited(0)).toEqual({ active: true, scalabilityMode: "L1T3" });
  });

  test("a browser that can't change layers goes on with all of them", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    setParameters.mockImplementation(async ({ encodings: [set] }) => {
      if (set?.["scalabilityMode"] !== mode) throw new Error("not supported");
      encoding = { ...set };
    });
    await limited(0, true);
    expect(await limited(0)).toMatchObject({ active: true, scalabilityMode: mode });
    expect(warned).toHaveBeenCalledTimes(1);
  });
});
