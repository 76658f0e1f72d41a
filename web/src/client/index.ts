/** Connect's client for browsers: what an interface needs, without any framework. */

export { canCall, canShareScreen } from "./browser";
export {
  Call,
  type CallEvents,
  type CallOptions,
  type CallState,
  type CallStatus,
  type SendScores,
} from "./call";
export { LocalMedia, type LocalSource, type LocalState } from "./local-media";
export { BROWSER_UNSUPPORTED, type Problem, type ProblemCode } from "./problem";
export { randomRoomName, roomNameProblem } from "./room-name";
export { mediaFor, type RemotePeer } from "./roster";
export type { DataMessage } from "./session";
export { Store } from "./store";
export type { ReceiveStats, RemoteMedia } from "./subscriber";
export type { ConsumerLayers, ConsumerScore, DeviceInfo, Source } from "./wire";
