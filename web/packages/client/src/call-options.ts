/** What a call is made of, and what it tells besides its state. */

import type { types } from "mediasoup-client";

import type { Door } from "./door.js";
import type { VideoCodec } from "./encodings.js";
import type { LocalMedia } from "./local-media.js";
import type { DataMessage } from "./media-link.js";
import type { RepairOptions } from "./route.js";
import type { SocketOptions } from "./socket.js";

export interface CallOptions {
  /** The way in. */
  readonly door: Door;
  readonly displayName: string;
  /** Your sources. The call sends what is on, and leaves it to you to open and stop them. */
  readonly media: LocalMedia;
  /** For camera and screen, if the room has it; by default the one that the room names first. */
  readonly videoCodec?: VideoCodec;
  readonly socketOptions?: SocketOptions;
  /** How long to look for another way for media when the one there was breaks, before joining again. */
  readonly repairOptions?: RepairOptions;
  /** `relay` sends media through TURN servers only, which hides your address from the media server. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /** How to make mediasoup's device; tests give one that needs no browser. */
  readonly createDevice?: () => Promise<types.Device>;
}

export type CallEvents = {
  data: [DataMessage];
  /** The connection was lost, and is back: media went on meanwhile, and `state` is how things are now. */
  resumed: [];
  /** It was lost for too long: joined anew, with all that was on. To the others you left, and came again. */
  rejoined: [];
};
