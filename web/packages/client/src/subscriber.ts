/** Receives the others' media: makes a consumer for each one that the server offers. */

import { parseScalabilityMode, type types } from "mediasoup-client";

import { receivedTotals, type TrackTotals } from "./rtc-stats.js";
import {
  sourceOf,
  type ConsumerLayers,
  type ConsumerScore,
  type KnownConsumer,
  type LayersChange,
  type NewConsumer,
  type ServerNotification,
  type Source,
} from "./wire.js";

/** One track of another peer, as an interface shows it. */
export interface RemoteMedia {
  readonly consumerId: string;
  readonly producerId: string;
  readonly kind: types.MediaKind;
  readonly source: Source;
  readonly track: MediaStreamTrack;
  /** The sender paused it: muted, or a camera that is covered. */
  readonly paused: boolean;
  /** The server holds it back, as others spoke more recently (last-N). */
  readonly suspended: boolean;
  /** How many sizes the sender has; 1 for what has no sizes. */
  readonly spatialLayers: number;
  readonly score: ConsumerScore | null;
  /** Which of the sender's sizes arrives, for video that has several. */
  readonly layers: ConsumerLayers | null;
}

export interface ReceiveStats {
  readonly peerId: string;
  readonly consumerId: string;
  readonly kind: types.MediaKind;
  readonly source: Source;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly bytesReceived: number;
  readonly framesDecoded: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly totalAudioEnergy: number;
}

/** What is known of a consumer, from the moment it is offered: notifications may come while it is being made. */
interface Entry {
  readonly offer: NewConsumer;
  readonly source: Source;
  paused: boolean;
  suspended: boolean;
  score: ConsumerScore | null;
  layers: ConsumerLayers | null;
  consumer: types.Consumer | null;
  media: RemoteMedia | null;
}

export class Subscriber {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly transport: types.Transport,
    /** What there is to see and hear of a peer has changed. */
    private readonly onChange: (peerId: string) => void,
  ) {}

  /** Make the consumer of an offer; the server starts sending when it is told that this is done. */
  async consume(offer: NewConsumer): Promise<void> {
    const source = sourceOf(offer.kind, offer.appData);
    const entry: Entry = {
      offer,
      source,
      paused: offer.producerPaused,
      suspended: false,
      score: null,
      layers: null,
      consumer: null,
      media: null,
    };
    this.#entries.set(offer.id, entry);
    try {
      const consumer = await this.transport.consume({
        id: offer.id,
        producerId: offer.producerId,
        kind: offer.kind,
        rtpParameters: offer.rtpParameters,
        // Browsers keep the tracks of one stream in step: lips with voice, a screen with its sound.
        streamId: `${offer.peerId}-${source.startsWith("screen") ? "screen" : "self"}`,
      });
      if (this.#entries.get(offer.id) !== entry) return consumer.close();
      entry.consumer = consumer;
      this.#changed(entry);
    } catch (error) {
      this.#entries.delete(offer.id);
      throw error;
    }
  }

  /** The connection to the server is lost: what is still being made is to be offered anew. */
  hold(): void {
    for (const [id, { consumer }] of [...this.#entries]) {
      if (!consumer) this.#entries.delete(id);
    }
  }

  /** The consumers that there are. */
  get ids(): string[] {
    return [...this.#entries.keys()];
  }

  /** Go on with what there is of it in the server, as that says. */
  resume(known: readonly KnownConsumer[]): void {
    for (const entry of [...this.#entries.values()]) {
      const now = known.find(({ id }) => id === entry.offer.id);
      if (now) this.#refresh(entry, now);
      else this.#close(entry);
    }
  }

  /** Apply a notification about a consumer; others are no concern of this one. */
  handle({ method, data }: ServerNotification): void {
    const entry = "consumerId" in data ? this.#entries.get(data.consumerId) : undefined;
    if (!entry) return;
    switch (method) {
      case "consumerClosed":
        return this.#close(entry);
      case "consumerPaused":
      case "consumerResumed":
        entry.paused = method === "consumerPaused";
        return this.#changed(entry);
      case "videoSuspended":
      case "videoResumed":
        entry.suspended = method === "videoSuspended";
        return this.#changed(entry);
      case "consumerScore":
        entry.score = data.score;
        return this.#changed(entry);
      case "consumerLayersChanged":
        entry.layers = layersOf(data);
        return this.#changed(entry);
    }
  }

  /** A peer left, and its media with it. */
  closePeer(peerId: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.offer.peerId === peerId) this.#close(entry);
    }
  }

  /** What there is of a peer, in the order in which it came. */
  mediaOf(peerId: string): RemoteMedia[] {
    return [...this.#entries.values()]
      .filter(({ offer }) => offer.peerId === peerId)
      .flatMap(({ media }) => (media ? [media] : []));
  }

  async stats(): Promise<ReceiveStats[]> {
    const entries = [...this.#entries.values()];
    return (await Promise.all(entries.map(statsOf))).flat();
  }

  /** Totals of each consumer, by its id. */
  async totals(): Promise<Record<string, TrackTotals>> {
    const entries = [...this.#entries.values()].map(async ({ consumer }) =>
      consumer && !consumer.closed ? ([consumer.id, receivedTotals(await consumer.getStats())] as const) : null,
    );
    return Object.fromEntries((await Promise.all(entries)).filter((entry) => entry !== null));
  }

  #refresh(entry: Entry, { producerPaused, suspended }: KnownConsumer): void {
    // Scores are told anew.
    Object.assign(entry, { paused: producerPaused, suspended, score: null });
    this.#changed(entry);
  }

  #close(entry: Entry): void {
    this.#entries.delete(entry.offer.id);
    entry.consumer?.close();
    this.onChange(entry.offer.peerId);
  }

  #changed(entry: Entry): void {
    const { offer, source, consumer, paused, suspended, score, layers } = entry;
    if (!consumer) return;
    entry.media = {
      consumerId: offer.id,
      producerId: offer.producerId,
      kind: offer.kind,
      source,
      track: consumer.track,
      paused,
      suspended,
      spatialLayers: parseScalabilityMode(offer.rtpParameters.encodings?.[0]?.scalabilityMode).spatialLayers,
      score,
      layers,
    };
    this.onChange(offer.peerId);
  }
}

function layersOf({ spatialLayer, temporalLayer }: LayersChange): ConsumerLayers | null {
  return spatialLayer === null ? null : { spatialLayer, temporalLayer: temporalLayer ?? 0 };
}

async function statsOf({ consumer, offer, source }: Entry): Promise<ReceiveStats[]> {
  if (!consumer || consumer.closed) return [];
  const report = await consumer.getStats();
  const inbound = [...report.values()].find(({ type }) => type === "inbound-rtp") ?? {};
  const number = (name: string): number => inbound[name] ?? 0;
  return [
    {
      peerId: offer.peerId,
      consumerId: offer.id,
      kind: offer.kind,
      source,
      packetsReceived: number("packetsReceived"),
      packetsLost: number("packetsLost"),
      bytesReceived: number("bytesReceived"),
      framesDecoded: number("framesDecoded"),
      frameWidth: number("frameWidth"),
      frameHeight: number("frameHeight"),
      totalAudioEnergy: number("totalAudioEnergy"),
    },
  ];
}
