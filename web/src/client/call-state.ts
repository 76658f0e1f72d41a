/** What is known of a call at one moment. */

import type { Problem } from "./problem";
import type { RemotePeer } from "./roster";
import { DEFAULT_PERMISSIONS, type LobbyPeer, type Permissions, type Source } from "./wire";

export type CallStatus =
  /** On the way in for the first time. */
  | "connecting"
  /** In the lobby, until somebody in the call opens the door. */
  | "waiting"
  | "joined"
  /** Was in, fell out, and is on the way back by itself. */
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
  /** What you may do here. */
  readonly permissions: Permissions;
  /** The others, in the order in which they came. */
  readonly peers: readonly RemotePeer[];
  /** For moderators: who waits in the lobby, in the order in which they came. */
  readonly lobby: readonly LobbyPeer[];
  /** Who speaks: you, one of the others, or nobody. */
  readonly activeSpeaker: string | null;
  /** How well your sources arrive at the server, 0 (not at all) to 10; nothing for what it hasn't judged yet. */
  readonly sendScores: SendScores;
  /** Why it is not joined, or what does not work although it is. */
  readonly problem: Problem | null;
  /** What somebody did to you, in words for you; null once you took note. */
  readonly notice: string | null;
  /** The media server's version, once it said it. */
  readonly mediasoup: string | null;
}

export function initialState(roomId: string, peerId: string, displayName: string): CallState {
  return {
    status: "connecting",
    roomId,
    roomName: roomId,
    peerId,
    displayName,
    permissions: DEFAULT_PERMISSIONS,
    peers: [],
    lobby: [],
    activeSpeaker: null,
    sendScores: {},
    problem: null,
    notice: null,
    mediasoup: null,
  };
}

/** What is over with a connection. */
export const NOBODY_HERE = { peers: [], lobby: [], activeSpeaker: null, sendScores: {} } as const;
