/** What browsers' statistics say of one track, whether sent or received. */

/** Totals since the track began, and what holds at the moment. */
export interface TrackTotals {
  /** When they were taken, in ms since 1970. */
  readonly at: number;
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number;
  /** To the server and back, in ms, as far as it is known. */
  readonly roundTrip: number | null;
  /** How unevenly packets arrive, in ms, as far as it is known. */
  readonly jitter: number | null;
  /** `VP8`, `opus` or the like. */
  readonly codec: string | null;
  /** Of the largest video that goes this way; 0 for sound. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** How many streams there are, one for each size of a video (simulcast), and how many of them are in use. */
  readonly streams: number;
  readonly activeStreams: number;
}

/** Of all tracks: of those received by consumer, of those sent by source. */
export interface CallTotals {
  readonly received: Readonly<Record<string, TrackTotals>>;
  readonly sent: Readonly<Record<string, TrackTotals>>;
}

type Entry = Record<string, unknown>;

export function receivedTotals(report: RTCStatsReport): TrackTotals {
  const inbound = entriesOf(report, "inbound-rtp");
  return {
    ...commonOf(report, inbound),
    bytes: sum(inbound, "bytesReceived"),
    packets: sum(inbound, "packetsReceived"),
    lost: sum(inbound, "packetsLost"),
    roundTrip: inMs(entriesOf(report, "candidate-pair").filter(isInUse), "currentRoundTripTime"),
    jitter: inMs(inbound, "jitter"),
  };
}

export function sentTotals(report: RTCStatsReport): TrackTotals {
  const outbound = entriesOf(report, "outbound-rtp");
  // What the server says it got.
  const arrived = entriesOf(report, "remote-inbound-rtp");
  return {
    ...commonOf(report, outbound),
    bytes: sum(outbound, "bytesSent"),
    packets: sum(outbound, "packetsSent"),
    lost: sum(arrived, "packetsLost"),
    roundTrip: inMs(arrived, "roundTripTime"),
    jitter: inMs(arrived, "jitter"),
  };
}

/** What has come over a whole transport, in bytes. */
export function receivedBytes(report: RTCStatsReport): number {
  return sum(entriesOf(report, "candidate-pair"), "bytesReceived");
}

function commonOf(report: RTCStatsReport, streams: Entry[]) {
  const codec = report.get(String(streams[0]?.["codecId"])) as Entry | undefined;
  const mimeType = codec?.["mimeType"];
  return {
    at: Date.now(),
    codec: typeof mimeType === "string" ? (mimeType.split("/")[1] ?? null) : null,
    width: most(streams, "frameWidth"),
    height: most(streams, "frameHeight"),
    framesPerSecond: most(streams, "framesPerSecond"),
    streams: streams.length,
    activeStreams: streams.filter(isActive).length,
  };
}

function entriesOf(report: RTCStatsReport, type: string): Entry[] {
  return [...(report.values() as Iterable<Entry>)].filter((entry) => entry["type"] === type);
}

/** Firefox does not tell, but counts the frames. */
function isActive({ active, framesPerSecond }: Entry): boolean {
  return typeof active === "boolean" ? active : framesPerSecond !== 0;
}

function isInUse(pair: Entry): boolean {
  return pair["nominated"] === true && pair["state"] === "succeeded";
}

function numbers(entries: Entry[], name: string): number[] {
  return entries.map((entry) => entry[name]).filter((value) => typeof value === "number");
}

function sum(entries: Entry[], name: string): number {
  return numbers(entries, name).reduce((total, value) => total + value, 0);
}

function most(entries: Entry[], name: string): number {
  return Math.max(0, ...numbers(entries, name));
}

/** The longest of times that are in seconds. */
function inMs(entries: Entry[], name: string): number | null {
  const times = numbers(entries, name);
  return times.length ? Math.max(...times) * 1_000 : null;
}
