/** What is said of connections, with numbers as the browser's language writes them. */

import type { Source } from "@connect/client";

const SOURCES: Readonly<Record<Source, string>> = {
  camera: "Camera",
  microphone: "Microphone",
  screen_share: "Screen",
  screen_share_audio: "Sound of the screen",
};

const written = (value: number, digits: number) =>
  value.toLocaleString([], { minimumFractionDigits: digits, maximumFractionDigits: digits });

const bits = (perSecond: number) =>
  perSecond < 1e6 ? `${written(perSecond / 1e3, 0)} kbit/s` : `${written(perSecond / 1e6, 1)} Mbit/s`;

const percent = (part: number) => `${written(part * 100, 1)} %`;

export const DETAILS = {
  title: "Connection",
  label: "Connection details",
  of: (name: string, quality: string) => `${name}. ${quality}. Show details`,
  whose: "Whose connection",
  yours: (name: string) => `${name} (you)`,
  track: (source: Source, direction: "sent" | "received") =>
    `${SOURCES[source]}, ${direction === "sent" ? "sent" : "received"}`,
  rests: { paused: "off", suspended: "held back: others spoke more recently" },
  available: (bitrate: string) => `Available to you: ${bitrate}`,
  nothingSent: "You send nothing.",
  nothingCame: "Nothing is received of them.",
  measuring: "Measuring…",
  bitrate: "Bitrate",
  loss: "Lost",
  roundTrip: "Round trip",
  jitter: "Jitter",
  codec: "Codec",
  size: "Picture",
  layers: (direction: "sent" | "received") => (direction === "sent" ? "Sizes sent" : "Size received"),
  layerOf: (layer: number, count: number) => `${layer} of ${count}`,
  bits,
  percent,
  time: (ms: number) => `${written(ms, ms < 10 ? 1 : 0)} ms`,
  picture: (width: number, height: number, rate: number) => `${width} × ${height}, ${written(rate, 0)}/s`,
  upTo: (what: string, most: string) => `${what}, up to ${most}`,
  plot: (now: number, mostBitrate: number, mostLoss: number) =>
    `The last two minutes: now ${bits(now)}, at most ${bits(mostBitrate)}; ${percent(mostLoss)} lost at worst.`,
};
