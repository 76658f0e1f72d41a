/** How video is encoded: which codec, in how many streams, and which of its sizes are sent. */

import { parseScalabilityMode, type types } from "mediasoup-client";

import type { Source } from "./wire.js";
import type { WantedLayers } from "./wire-values.js";

/** VP8 and H264 go out in a stream for each size, VP9 and AV1 in one with all sizes in it (SVC). */
export type VideoCodec = "VP8" | "VP9" | "AV1" | "H264";

type Encoding = types.RtpEncodingParameters;

/** Three sizes of the camera, each in three frame rates; receivers get the one that fits them. */
const CAMERA_STREAMS: Encoding[] = [
  { rid: "r0", scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: "L1T3" },
  { rid: "r1", scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: "L1T3" },
  { rid: "r2", scaleResolutionDownBy: 1, maxBitrate: 1_700_000, scalabilityMode: "L1T3" },
];

/** The same in one stream. */
const CAMERA_LAYERS: Encoding[] = [{ maxBitrate: 1_700_000, scalabilityMode: "L3T3_KEY" }];

/** Text must stay sharp: a screen has one size. Where bandwidth lacks, receivers get fewer of its frames. */
const SCREEN: Encoding[] = [{ maxBitrate: 2_500_000, scalabilityMode: "L1T3" }];

/** VP9 and AV1 need less for the same screen. */
const SCREEN_LAYERS: Encoding[] = [{ maxBitrate: 1_800_000, scalabilityMode: "L1T3" }];

/** How a source's video is to be sent; `name` is the codec that is wished for, if one is. */
export function videoOptions(
  source: Extract<Source, "camera" | "screen_share">,
  codecs: readonly types.RtpCodecCapability[],
  name: VideoCodec | undefined,
): Pick<types.ProducerOptions, "codec" | "encodings"> {
  const codec = chooseCodec(codecs, name);
  const [streams, layers] = source === "camera" ? [CAMERA_STREAMS, CAMERA_LAYERS] : [SCREEN, SCREEN_LAYERS];
  if (!codec) return { encodings: streams };
  return { codec, encodings: /vp9|av1/i.test(codec.mimeType) ? layers : streams };
}

/** The wished one, if room and browser have it; otherwise the first of the room's that the browser has, too. */
function chooseCodec(
  codecs: readonly types.RtpCodecCapability[],
  name: VideoCodec | undefined,
): types.RtpCodecCapability | undefined {
  const usable = codecs.filter(isUsable);
  const mimeType = `video/${name}`.toLowerCase();
  return usable.find((codec) => codec.mimeType.toLowerCase() === mimeType) ?? usable[0];
}

function isUsable({ mimeType, parameters }: types.RtpCodecCapability): boolean {
  // VP9's other profiles have more colours, and no layers.
  if (/^video\/vp9$/i.test(mimeType)) return Number(parameters?.["profile-id"] ?? 0) === 0;
  return /^video\/(vp8|h264|av1)$/i.test(mimeType);
}

/** Let the browser send just what is wanted of a producer. */
export async function limitEncodings(producer: types.Producer, limit: WantedLayers | null): Promise<void> {
  const { rtpSender } = producer;
  if (!rtpSender || !limit) return;
  const { paused, maxSpatialLayer } = limit;
  await change(rtpSender, (encodings) => {
    const highest = encodings.length > 1 ? (maxSpatialLayer ?? encodings.length) : 0;
    encodings.forEach((encoding, index) => (encoding.active = !paused && index <= highest));
  });
  const { encodings = [] } = producer.rtpParameters;
  const [only] = encodings;
  const { spatialLayers } = parseScalabilityMode(only?.scalabilityMode);
  if (!only || encodings.length > 1 || spatialLayers === 1 || paused) return;
  const layers = Math.min((maxSpatialLayer ?? spatialLayers) + 1, spatialLayers);
  await change(rtpSender, ([encoding]) => void Object.assign(encoding ?? {}, withLayers(only, layers)));
}

async function change(sender: RTCRtpSender, edit: (encodings: RTCRtpEncodingParameters[]) => void): Promise<void> {
  const parameters = sender.getParameters();
  edit(parameters.encodings);
  try {
    await sender.setParameters(parameters);
  } catch (error) {
    // Nobody misses anything: more is sent than would be needed.
    console.warn("the browser can't leave out sizes of the video", error);
  }
}

/**
 * Give what a stream with several sizes in it (SVC) is with its `layers` lowest ones only.
 *
 * The modes of fewer sizes leave out the small ones: the whole shrinks in turn.
 */
function withLayers(full: Encoding, layers: number): Encoding {
  const { scalabilityMode: mode = "", scaleResolutionDownBy = 1, maxBitrate } = full;
  const { spatialLayers, temporalLayers } = parseScalabilityMode(mode);
  const shrunk = 2 ** (spatialLayers - layers);
  return {
    scalabilityMode: layers === 1 ? `L1T${temporalLayers}` : mode.replace(/^L\d/, `L${layers}`),
    scaleResolutionDownBy: scaleResolutionDownBy * shrunk,
    ...(maxBitrate && { maxBitrate: maxBitrate / shrunk ** 2 }),
  };
}
