/** What is known of a call at one moment. */

import type { Problem } from "./problem.js";
import type { RemotePeer } from "./roster.js";
import {
  DEFAULT_PERMISSIONS,
  type LobbyPeer,
  type Permissions,
  type RoomNow,
  type Source,
  type Welcome,
} from "./wire.js";
import type { CallSettings, ChatMessage, ConnectionQuality, Hand } from "./wire-values.js";

export type CallStatus =
  /** On the way in for the first time. */
  | "connecting"
  /** In the lobby, until somebody in the call opens the door. */
  | "waiting"
  | "joined"
  /** The connection to the server is lost, and on the way back by itself; media flow on if they can. */
  | "reconnecting"
  /** Over: you left, or `problem` says why. */
  | "ended";

export type SendScores = { readonly [source in Source]?: number };

export interface CallState {
  readonly status: CallStatus;
  readonly roomId: string;
  /** What people call the room; its id until the server has said more. */
  readonly roomName: string;
  readonly peerId: string;
  readonly displayName: string;
  /** What you say of yourself to programs, once you have changed it here. */
  readonly metadata: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** What you may do here. */
  readonly permissions: Permissions;
  /** `owner`, `moderator`, `member` or `guest`; null in a room that knows no roles. */
  readonly role: string | null;
  /** How the call is set up. */
  readonly settings: CallSettings;
  /** The others, in the order in which they came. */
  readonly peers: readonly RemotePeer[];
  /** For moderators: who waits in the lobby, in the order in which they came. */
  readonly lobby: readonly LobbyPeer[];
  /** Who speaks: you, one of the others, or nobody. */
  readonly activeSpeaker: string | null;
  /** What was said, the oldest first. */
  readonly chat: readonly ChatMessage[];
  /** The raised hands, yours too; the one that was raised first goes first. */
  readonly hands: readonly Hand[];
  /** How loud those are who are heard at the moment, by their ids, in dBov: -127 to 0. */
  readonly audioLevels: Readonly<Record<string, number>>;
  /** How good the connections are, yours too, by the ids of those of whom it is known. */
  readonly qualities: Readonly<Record<string, ConnectionQuality>>;
  /** How well your sources arrive at the server, 0 (not at all) to 10; nothing for what it hasn't judged yet. */
  readonly sendScores: SendScores;
  /** What the server thinks may come to you, in bits a second; null until it said so. */
  readonly downlinkBitrate: number | null;
  /** Why it is not joined, or what does not work although it is. */
  readonly problem: Problem | null;
  /** What somebody did to you, in words for you; null once you took note. */
  readonly notice: string | null;
  /** The media server's version, once it said it. */
  readonly mediasoup: string | null;
}

/** What is known by notifications alone: on another connection all that still holds is told anew. */
export const NOT_TOLD = {
  lobby: [],
  activeSpeaker: null,
  audioLevels: {},
  qualities: {},
  sendScores: {},
  downlinkBitrate: null,
} as const;

/** What is over when one is not in the room any more; what was said stays. */
export const NOBODY_HERE = { ...NOT_TOLD, peers: [], hands: [] } as const;

export function initialState(roomId: string, peerId: string, displayName: string): CallState {
  return {
    status: "connecting",
    roomId,
    roomName: roomId,
    peerId,
    displayName,
    metadata: "",
    attributes: {},
    permissions: DEFAULT_PERMISSIONS,
    role: null,
    settings: { locked: false, lobby: false, metadata: "", unmuteAllowed: true, lastN: null },
    chat: [],
    ...NOBODY_HERE,
    problem: null,
    notice: null,
    mediasoup: null,
  };
}

/** What changes when one has joined. */
export function welcomed(state: CallState, welcome: Welcome): Partial<CallState> {
  const { permissions = DEFAULT_PERMISSIONS, role = null, roomName = "", room } = welcome;
  const { locked = state.settings.locked, lobby = state.settings.lobby } = welcome;
  return {
    status: "joined",
    problem: null,
    permissions,
    role,
    ...roomUpdated(state, { locked, lobby, ...room, name: room?.name || roomName || state.roomName }),
  };
}

/** What changes when somebody has changed the room. */
export function roomUpdated(state: CallState, { name, ...changes }: RoomNow): Partial<CallState> {
  return { roomName: name || state.roomId, settings: { ...state.settings, ...changes } };
}
