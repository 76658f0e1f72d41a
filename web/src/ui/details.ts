/** Which tracks the details of a person's connection show, and how far each of them goes. Pure. */

import type { CallState, Reading, RemoteMedia, Source, StatsHistory } from "@connect/client";

import type { Person } from "./people";

/** One track on its way: from you to the server, or from the server to you. */
export interface TrackDetails {
  readonly id: string;
  readonly direction: "sent" | "received";
  readonly source: Source;
  /** Why next to nothing comes although nothing is wrong. */
  readonly rests: "paused" | "suspended" | null;
  /** The oldest first; none until there was time to measure. */
  readonly readings: readonly Reading[];
  readonly layers: Layers | null;
}

/** How many of a video's sizes are in use: when it is received, the number of the one that comes. */
export interface Layers {
  readonly current: number;
  readonly of: number;
}

type Whose = Pick<Person, "id" | "self" | "muted">;

const ORDER: readonly Source[] = ["camera", "microphone", "screen_share", "screen_share_audio"];

/** What you send, or what you receive of somebody else. */
export function tracksOf(state: CallState, history: StatsHistory, { id, self, muted }: Whose): TrackDetails[] {
  if (self) return ORDER.flatMap((source) => sentOf(source, history.sent[source], muted));
  const media = state.peers.find((peer) => peer.id === id)?.media ?? [];
  return media
    .map((each) => receivedOf(each, history.received[each.consumerId] ?? []))
    .sort((one, other) => ORDER.indexOf(one.source) - ORDER.indexOf(other.source));
}

function sentOf(source: Source, readings: readonly Reading[] | undefined, muted: boolean): TrackDetails[] {
  if (!readings) return [];
  const { streams = 1, activeStreams = 1 } = readings.at(-1) ?? {};
  const layers = streams > 1 ? { current: activeStreams, of: streams } : null;
  // Of what is sent, only the microphone stays when it is off.
  const rests = source === "microphone" && muted ? "paused" : null;
  return [{ id: source, direction: "sent", source, rests, readings, layers }];
}

function receivedOf(media: RemoteMedia, readings: readonly Reading[]): TrackDetails {
  const { consumerId, source, paused, suspended, layers, spatialLayers } = media;
  return {
    id: consumerId,
    direction: "received",
    source,
    rests: paused ? "paused" : suspended ? "suspended" : null,
    readings,
    layers: spatialLayers > 1 ? { current: layers ? layers.spatialLayer + 1 : 0, of: spatialLayers } : null,
  };
}
