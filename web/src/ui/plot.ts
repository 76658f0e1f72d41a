/** From readings to what an SVG draws of them. Pure. */

import type { Reading } from "@connect/client";

/** How far back a plot goes, in ms: as far as the monitor remembers. */
export const SPAN = 120_000;

/** The plot's own units; it is stretched to the room there is. */
export const BOX = { width: 240, height: 60 };

/** Below this a loss is drawn small, so that one lost packet does not look like a disaster. */
const LEAST_LOSS = 0.05;

export interface Plotted {
  /** The points of a line. */
  readonly bitrate: string;
  /** The points of an area. */
  readonly loss: string;
  readonly mostBitrate: number;
  readonly mostLoss: number;
}

/** Draw the last {@link SPAN} of the readings, the newest at the right; each curve up to its own most. */
export function plotted(readings: readonly Reading[]): Plotted {
  const end = readings.at(-1)?.at ?? 0;
  const shown = readings.filter(({ at }) => at >= end - SPAN);
  const mostBitrate = Math.max(0, ...shown.map(({ bitrate }) => bitrate));
  const mostLoss = Math.max(0, ...shown.map(({ loss }) => loss));
  const x = ({ at }: Reading) => BOX.width * (1 - (end - at) / SPAN);
  const bitrate = shown.map((reading) => point(x(reading), reading.bitrate / (mostBitrate || 1)));
  const losses = shown.map((reading) => point(x(reading), reading.loss / Math.max(mostLoss, LEAST_LOSS)));
  const [first, last] = [shown[0], shown.at(-1)];
  const loss = first && last ? [point(x(first), 0), ...losses, point(x(last), 0)] : [];
  return { bitrate: bitrate.join(" "), loss: loss.join(" "), mostBitrate, mostLoss };
}

/** `height`: 0 is the bottom, 1 the top. */
function point(x: number, height: number): string {
  return `${x.toFixed(1)},${(BOX.height * (1 - height)).toFixed(1)}`;
}
