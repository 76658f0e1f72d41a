/** Connect's client for browsers: what an interface needs, without any framework. */

export { Account } from "./account";
export { Api } from "./api";
export { canCall, canShareScreen } from "./browser";
export { Call, type CallEvents, type CallOptions } from "./call";
export type { CallState, CallStatus, SendScores } from "./call-state";
export type { User } from "./credentials";
export { Door, type DoorOptions, type Pass } from "./door";
export { ApiError, CallError } from "./errors";
export { LocalMedia, type LocalSource, type LocalState } from "./local-media";
export { accessProblem, BROWSER_UNSUPPORTED, type Problem, type ProblemCode } from "./problem";
export { isRoomCode, randomRoomName, roomNameProblem } from "./room-name";
export * from "./resources";
export { mediaFor, type RemotePeer } from "./roster";
export type { DataMessage } from "./session";
export { Store } from "./store";
export type { ReceiveStats, RemoteMedia } from "./subscriber";
export { mayPublish } from "./wire";
export type { ConsumerLayers, ConsumerScore, DeviceInfo, LobbyPeer, Permissions, Source } from "./wire";
