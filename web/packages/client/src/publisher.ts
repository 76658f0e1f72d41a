/** Sends your sources: makes, pauses, resumes and closes producers until they are what is wanted. */

import type { types } from "mediasoup-client";

import { limitEncodings, videoOptions, type VideoCodec } from "./encodings.js";
import { CallError, ConnectionLostError } from "./errors.js";
import type { ProducerMaker } from "./producer-maker.js";
import type { Signaling } from "./signaling.js";
import type { KnownProducer, Source } from "./wire.js";
import type { WantedLayers } from "./wire-values.js";

/** What shall be sent for a source: a track, for the time being paused or not. */
export interface Wanted {
  readonly track: MediaStreamTrack;
  readonly on: boolean;
}

/** One source: what is wanted, and what there is. */
interface Lane {
  wanted: Wanted | null;
  producer: types.Producer | null;
  /** Whether the server has been told that the producer is paused. */
  paused: boolean;
  busy: boolean;
  /** Whether there may be something to do, although nothing else is wanted. */
  stale: boolean;
  /** What others receive of the producer, as the server said last, and whether the browser knows. */
  limit: WantedLayers | null;
  limited: boolean;
  /** Whether the server closed what was wanted, which is not to be made again. */
  stopped: boolean;
}

export interface PublisherEvents {
  /** The server or the browser refused to send `source`; it is tried again when something else is wanted. */
  onRefused(source: Source, error: unknown): void;
  /** A moderator muted `source` while the server could not tell it. */
  onMuted(source: Source): void;
}

export class Publisher {
  readonly #lanes = new Map<Source, Lane>();
  /** Whether there is no connection to the server. */
  #held = false;

  constructor(
    private readonly maker: Pick<ProducerMaker, "closed" | "produce">,
    private readonly device: types.Device,
    private readonly signaling: Signaling,
    private readonly events: PublisherEvents,
    /** What to send video with, if the room has it; without it, the room's first choice. */
    private readonly videoCodec?: VideoCodec,
  ) {}

  /** Say what shall be sent for `source`. Returns at once; steps run one after another, the last wish decides. */
  want(source: Source, wanted: Wanted | null): void {
    const lane = this.#lane(source);
    if (lane.wanted?.track === wanted?.track && lane.wanted?.on === wanted?.on) return;
    lane.wanted = wanted;
    lane.stopped = false;
    this.#work(source, lane);
  }

  /** The connection to the server is lost: what is wanted has to wait for the next one. */
  hold(): void {
    this.#held = true;
  }

  /** Go on with what there is of it in the server, as that says. */
  resume(known: readonly KnownProducer[]): void {
    this.#held = false;
    for (const [source, lane] of this.#lanes) {
      this.#compare(source, lane, known);
      this.#work(source, lane);
    }
  }

  /** The producers that there are. */
  get ids(): string[] {
    return [...this.#lanes.values()].flatMap(({ producer }) => producer?.id ?? []);
  }

  /** Which source a producer of this session sends. */
  sourceOf(producerId: string): Source | undefined {
    return [...this.#lanes].find(([, { producer }]) => producer?.id === producerId)?.[0];
  }

  /** Take note that the server closed a producer: its source is sent again when something else is wanted. */
  closedByServer(producerId: string): void {
    const lane = [...this.#lanes.values()].find(({ producer }) => producer?.id === producerId);
    if (!lane) return;
    lane.producer?.close();
    lane.producer = lane.limit = null;
    lane.stopped = true;
  }

  /** Send no size that nobody receives, and those that somebody does (dynacast). */
  limit(producers: readonly WantedLayers[]): void {
    for (const [source, lane] of this.#lanes) {
      const limit = producers.find(({ producerId }) => producerId === lane.producer?.id);
      if (!limit) continue;
      Object.assign(lane, { limit, limited: false });
      this.#work(source, lane);
    }
  }

  async stats(): Promise<Map<Source, RTCStatsReport>> {
    const stats = new Map<Source, RTCStatsReport>();
    for (const [source, { producer }] of this.#lanes) {
      if (producer && !producer.closed) stats.set(source, await producer.getStats());
    }
    return stats;
  }

  #lane(source: Source): Lane {
    const lane = this.#lanes.get(source) ?? newLane();
    this.#lanes.set(source, lane);
    return lane;
  }

  #compare(source: Source, lane: Lane, known: readonly KnownProducer[]): void {
    const { producer, wanted } = lane;
    if (!producer) return;
    const now = known.find(({ id }) => id === producer.id);
    if (!now) {
      producer.close();
      lane.producer = lane.limit = null;
    } else if (now.paused && !lane.paused && wanted?.on) {
      this.events.onMuted(source);
    } else {
      lane.paused = now.paused;
      if (!now.paused) producer.resume();
    }
  }

  #work(source: Source, lane: Lane): void {
    lane.stale = true;
    if (!lane.busy) void this.#catchUp(source, lane);
  }

  /** Take steps until there is what is wanted. */
  async #catchUp(source: Source, lane: Lane): Promise<void> {
    lane.busy = true;
    // What is wanted may change during a step, also during one that finds nothing to do.
    while (lane.stale && !this.#held && !this.maker.closed) {
      lane.stale = false;
      try {
        if (await this.#step(source, lane, lane.wanted)) lane.stale = true;
      } catch (error) {
        this.#failed(source, error);
      }
    }
    lane.busy = false;
  }

  #failed(source: Source, error: unknown): void {
    // A connection or a transport that ended in the middle is no refusal: it is sent again over the next one.
    if (this.maker.closed || error instanceof ConnectionLostError) return;
    this.events.onRefused(source, error);
  }

  /** Take one step from what there is to what is wanted. Returns whether there was one to take. */
  async #step(source: Source, lane: Lane, wanted: Wanted | null): Promise<boolean> {
    const { producer } = lane;
    if (!producer) {
      if (!wanted?.on || lane.stopped) return false;
      lane.producer = await this.#produce(source, wanted.track);
      lane.paused = false;
    } else if (!lane.limited) {
      lane.limited = true;
      await limitEncodings(producer, lane.limit);
    } else if (!wanted) {
      lane.producer = lane.limit = null;
      producer.close();
      await this.#tell("closeProducer", producer);
    } else if (producer.track !== wanted.track) {
      await producer.replaceTrack({ track: wanted.track });
    } else if (lane.paused === wanted.on) {
      await this.#setPaused(lane, producer, !wanted.on);
    } else {
      return false;
    }
    return true;
  }

  async #setPaused(lane: Lane, producer: types.Producer, paused: boolean): Promise<void> {
    if (paused) producer.pause();
    else producer.resume();
    lane.paused = paused;
    try {
      await this.#tell(paused ? "pauseProducer" : "resumeProducer", producer);
    } catch (error) {
      // Somebody muted us for good: the server sends nothing on, and so nothing is sent.
      if (!paused) {
        producer.pause();
        lane.paused = true;
      }
      throw error;
    }
  }

  async #tell(
    method: "closeProducer" | "pauseProducer" | "resumeProducer",
    { id: producerId }: types.Producer,
  ): Promise<void> {
    try {
      await this.signaling.request(method, { producerId });
    } catch (error) {
      // The server closed it meanwhile, and tells that by itself.
      if (!(error instanceof CallError && error.errorName === "not_found")) throw error;
    }
  }

  async #produce(source: Source, track: MediaStreamTrack): Promise<types.Producer> {
    return this.maker.produce({
      track,
      // The tracks belong to LocalMedia, and whether they are enabled is its business.
      stopTracks: false,
      disableTrackOnPause: false,
      appData: { source },
      ...this.#options(source),
    });
  }

  #options(source: Source): types.ProducerOptions {
    switch (source) {
      case "microphone":
        return { codecOptions: { opusDtx: true, opusFec: true } };
      case "screen_share_audio":
        return { codecOptions: { opusStereo: true } };
      case "camera":
        return { ...this.#video(source), codecOptions: { videoGoogleStartBitrate: 1000 } };
      case "screen_share":
        return this.#video(source);
    }
  }

  #video(source: "camera" | "screen_share"): types.ProducerOptions {
    return videoOptions(source, this.device.sendRtpCapabilities.codecs ?? [], this.videoCodec);
  }
}

function newLane(): Lane {
  const nothing = { wanted: null, producer: null, limit: null };
  return { ...nothing, paused: false, busy: false, stale: false, limited: true, stopped: false };
}
