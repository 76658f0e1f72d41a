/** Sends your sources: makes, pauses, resumes and closes producers until they are what is wanted. */

import type { types } from "mediasoup-client";

import { CallError } from "./errors.js";
import type { Signaling } from "./signaling.js";
import type { Source } from "./wire.js";
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
  /** What others receive of the producer, as the server said last, and whether the browser knows. */
  limit: WantedLayers | null;
  limited: boolean;
}

/** Three sizes of the camera, each in three frame rates; receivers get the one that fits them. */
const CAMERA_ENCODINGS: types.RtpEncodingParameters[] = [
  { rid: "r0", scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: "L1T3" },
  { rid: "r1", scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: "L1T3" },
  { rid: "r2", scaleResolutionDownBy: 1, maxBitrate: 1_700_000, scalabilityMode: "L1T3" },
];

/** The same in one stream. */
const CAMERA_LAYERS: types.RtpEncodingParameters[] = [{ maxBitrate: 1_700_000, scalabilityMode: "L3T3_KEY" }];

/** Text must stay sharp: one size, few frames. */
const SCREEN_ENCODINGS: types.RtpEncodingParameters[] = [{ maxBitrate: 2_500_000, scalabilityMode: "L1T3" }];

/** VP8 and H264 go out in a stream for each size, VP9 and AV1 in one with all sizes in it (SVC). */
export type VideoCodec = "VP8" | "VP9" | "AV1" | "H264";

export class Publisher {
  readonly #lanes = new Map<Source, Lane>();

  constructor(
    private readonly transport: types.Transport,
    private readonly device: types.Device,
    private readonly signaling: Signaling,
    /** The server or the browser refused to send `source`; it is tried again when something else is wanted. */
    private readonly onRefused: (source: Source, error: unknown) => void,
    private readonly videoCodec: VideoCodec = "VP8",
  ) {}

  /** Say what shall be sent for `source`. Returns at once; steps run one after another, the last wish decides. */
  want(source: Source, wanted: Wanted | null): void {
    const lane = this.#lane(source);
    if (lane.wanted?.track === wanted?.track && lane.wanted?.on === wanted?.on) return;
    lane.wanted = wanted;
    if (!lane.busy) void this.#work(source, lane);
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
    lane.producer = lane.wanted = lane.limit = null;
  }

  /** Send no size that nobody receives, and those that somebody does (dynacast). */
  limit(producers: readonly WantedLayers[]): void {
    for (const [source, lane] of this.#lanes) {
      const limit = producers.find(({ producerId }) => producerId === lane.producer?.id);
      if (!limit) continue;
      Object.assign(lane, { limit, limited: false });
      if (!lane.busy) void this.#work(source, lane);
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

  /** Take steps until there is what is wanted. */
  async #work(source: Source, lane: Lane): Promise<void> {
    lane.busy = true;
    let wanted: Wanted | null | undefined;
    let more = true;
    // What is wanted may change during a step, also during one that finds nothing to do.
    while (!this.transport.closed && (more || lane.wanted !== wanted || (lane.producer && !lane.limited))) {
      wanted = lane.wanted;
      try {
        more = await this.#step(source, lane, wanted);
      } catch (error) {
        // A transport that was closed in the middle is no refusal: the next session sends everything again.
        if (!this.transport.closed) this.onRefused(source, error);
        more = false;
      }
    }
    lane.busy = false;
  }

  /** Take one step from what there is to what is wanted. Returns whether there was one to take. */
  async #step(source: Source, lane: Lane, wanted: Wanted | null): Promise<boolean> {
    const { producer } = lane;
    if (!producer) {
      if (!wanted?.on) return false;
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
      if (!paused) producer.pause();
      lane.paused = true;
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
    return this.transport.produce({
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
        return { ...this.#video(CAMERA_ENCODINGS, CAMERA_LAYERS), codecOptions: { videoGoogleStartBitrate: 1000 } };
      case "screen_share":
        return this.#video(SCREEN_ENCODINGS, SCREEN_ENCODINGS);
    }
  }

  /** The codec and the streams for it: one for each size, or one with all of them in it. */
  #video(streams: types.RtpEncodingParameters[], layers: types.RtpEncodingParameters[]): types.ProducerOptions {
    const codec = this.#codec(this.videoCodec) ?? this.#codec("VP8");
    if (!codec) return { encodings: streams };
    return { codec, encodings: /vp9|av1/i.test(codec.mimeType) ? layers : streams };
  }

  /** What the room has of this name; the browser's first choice is taken when it has nothing. */
  #codec(name: VideoCodec): types.RtpCodecCapability | undefined {
    const mimeType = `video/${name}`.toLowerCase();
    const codecs = this.device.sendRtpCapabilities.codecs ?? [];
    // VP9's other profiles have more colours, and no layers.
    return codecs.find(
      ({ parameters, ...codec }) =>
        codec.mimeType.toLowerCase() === mimeType && !(name === "VP9" && Number(parameters?.["profile-id"] ?? 0)),
    );
  }
}

function newLane(): Lane {
  return { wanted: null, producer: null, paused: false, busy: false, limit: null, limited: true };
}

/** Let the browser send just the sizes within the limit. One stream with several sizes in it (SVC) is all or nothing. */
async function limitEncodings({ rtpSender }: types.Producer, limit: WantedLayers | null): Promise<void> {
  if (!rtpSender || !limit) return;
  const parameters = rtpSender.getParameters();
  const { length } = parameters.encodings;
  const highest = length > 1 ? (limit.maxSpatialLayer ?? length) : length;
  parameters.encodings.forEach((encoding, index) => {
    encoding.active = !limit.paused && index <= highest;
  });
  try {
    await rtpSender.setParameters(parameters);
  } catch (error) {
    // Nobody misses anything: more is sent than would be needed.
    console.warn("the browser can't leave out sizes of the video", error);
  }
}
