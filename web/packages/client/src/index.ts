/** Connect's client for browsers: what an interface needs, without any framework. */

export { Account } from "./account.js";
export { Api } from "./api.js";
export { canCall, canShareScreen } from "./browser.js";
export { Call } from "./call.js";
export type { CallEvents, CallOptions } from "./call-options.js";
export type { CallState, CallStatus, SendScores } from "./call-state.js";
export type { User } from "./credentials.js";
export type { ChannelOptions, DataChannel } from "./data-channel.js";
export { Door, type DoorOptions, type Pass } from "./door.js";
export type { VideoCodec } from "./encodings.js";
export { ApiError, CallError, ConnectionLostError, RequestTimeoutError } from "./errors.js";
export { LocalMedia } from "./local-media.js";
export type { ChosenDevices, LocalSource, LocalState } from "./local-state.js";
export type { DataMessage } from "./media-link.js";
export { Meeting, type MeetingEvents } from "./meeting.js";
export { Moderation } from "./moderation.js";
export { accessProblem, BROWSER_UNSUPPORTED, type Problem, type ProblemCode } from "./problem.js";
export * from "./resources.js";
export { isRoomCode, randomRoomName, roomNameProblem } from "./room-name.js";
export { mediaFor, type RemotePeer } from "./roster.js";
export type { RepairOptions } from "./route.js";
export type { CallTotals, TrackTotals } from "./rtc-stats.js";
export { DEFAULT_SOCKET_OPTIONS, type SocketOptions } from "./socket.js";
export { StatsMonitor, type Reading, type StatsHistory, type StatsMonitorOptions } from "./stats-monitor.js";
export { Store } from "./store.js";
export type { ReceiveStats, RemoteMedia } from "./subscriber.js";
export { Subscriptions } from "./subscriptions.js";
export { mayPublish } from "./wire.js";
export type {
  Actor,
  ConsumerLayers,
  ConsumerScore,
  DeviceInfo,
  LobbyPeer,
  PeerInfo,
  Permissions,
  Source,
} from "./wire.js";
export type {
  CallSettings,
  ChatMessage,
  ConnectionQuality,
  Hand,
  Reaction,
  RoomChanges,
  SelfDescription,
  TopicMessage,
  Wish,
} from "./wire-values.js";
