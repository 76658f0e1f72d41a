/** The messages of the websocket, as the server's documentation describes them (`docs/signaling.md`). */

import type { types } from "mediasoup-client";

import type {
  CallSettings,
  ChatMessage,
  ConnectionQuality,
  Hand,
  IceServers,
  Reaction,
  RoomChanges,
  SelfDescription,
  TopicMessage,
  WantedLayers,
  Wish,
} from "./wire-values.js";

/** What a producer shows. A client that doesn't say gets `microphone` for audio and `camera` for video. */
export type Source = "microphone" | "camera" | "screen_share" | "screen_share_audio";

const SOURCES: readonly string[] = ["microphone", "camera", "screen_share", "screen_share_audio"];

export function sourceOf(kind: types.MediaKind, appData: types.AppData | undefined): Source {
  const source = appData?.["source"];
  if (typeof source === "string" && SOURCES.includes(source)) return source as Source;
  return kind === "audio" ? "microphone" : "camera";
}

/** The program at the other end: `flag` is its kind ("chrome"), the rest is for people. */
export interface DeviceInfo {
  readonly flag: string | null;
  readonly name: string | null;
  readonly version: string | null;
}

export interface PeerInfo {
  readonly id: string;
  readonly displayName: string;
  readonly device?: DeviceInfo;
  /** Texts for programs, which the peer or its token chose. */
  readonly metadata?: string | null;
  readonly attributes?: Readonly<Record<string, string>> | null;
  readonly role?: string | null;
}

/** What one may do in the room, by the names of the token's claims. */
export interface Permissions {
  readonly canPublish: boolean;
  /** Sources that may be sent; all of them when absent. */
  readonly canPublishSources?: readonly string[] | null;
  readonly canSubscribe: boolean;
  readonly canPublishData: boolean;
  readonly canUpdateOwnMetadata: boolean;
  /** Whether one may moderate. */
  readonly roomAdmin: boolean;
  readonly hidden: boolean;
}

/** What everybody may do in an open room, and what a server that says nothing of permissions allows. */
export const DEFAULT_PERMISSIONS: Permissions = {
  canPublish: true,
  canSubscribe: true,
  canPublishData: true,
  canUpdateOwnMetadata: true,
  roomAdmin: false,
  hidden: false,
};

export function mayPublish(permissions: Permissions, source: Source): boolean {
  const { canPublish, canPublishSources, hidden } = permissions;
  return canPublish && !hidden && (canPublishSources?.includes(source) ?? true);
}

/** Somebody who waits to be let in. */
export interface LobbyPeer {
  readonly peerId: string;
  readonly displayName: string;
}

/** Who did something: a peer, or somebody who is not in the room (no `peerId`). */
export interface Actor {
  readonly peerId: string | null;
  readonly name: string;
}

/** What older clients call "number of streams"; the server only looks at whether it is there. */
export const SCTP_CAPABILITIES = { numStreams: { OS: 1024, MIS: 1024 } } as const;

type Empty = Record<string, never>;

/** The client's requests: method → what it sends and what comes back. */
export interface Requests {
  getRouterRtpCapabilities: { data: Empty; answer: types.RtpCapabilities };
  join: {
    data: {
      displayName: string;
      device: DeviceInfo;
      rtpCapabilities: types.RtpCapabilities;
      sctpCapabilities: typeof SCTP_CAPABILITIES;
      /** Whether it wants to hear which layers of its producers somebody receives. */
      dynacast: boolean;
    };
    answer: Welcome;
  };
  resume: { data: { sessionId: string } & HeldMedia; answer: Welcome & KnownMedia & Missed };
  createWebRtcTransport: {
    data: {
      forceTcp: boolean;
      producing: boolean;
      consuming: boolean;
      sctpCapabilities: typeof SCTP_CAPABILITIES;
    };
    answer: types.TransportOptions;
  };
  connectWebRtcTransport: {
    data: { transportId: string; dtlsParameters: types.DtlsParameters };
    answer: Empty;
  };
  restartIce: { data: { transportId: string }; answer: types.IceParameters };
  produce: {
    data: {
      transportId: string;
      kind: types.MediaKind;
      rtpParameters: types.RtpParameters;
      appData: types.AppData;
    };
    answer: { id: string };
  };
  produceData: {
    data: {
      transportId: string;
      sctpStreamParameters: types.SctpStreamParameters;
      label: string;
      protocol: string;
      appData: types.AppData;
      to?: readonly string[];
    };
    answer: { id: string };
  };
  closeProducer: { data: { producerId: string }; answer: Empty };
  pauseProducer: { data: { producerId: string }; answer: Empty };
  resumeProducer: { data: { producerId: string }; answer: Empty };
  getIceServers: { data: Empty; answer: IceServers };
  changeDisplayName: { data: { displayName: string }; answer: Empty };
  sendChatMessage: { data: { text: string }; answer: { id: string; sentAt: number } };
  sendReaction: { data: { reaction: string }; answer: Empty };
  raiseHand: { data: Empty; answer: Empty };
  lowerHand: { data: Empty; answer: Empty };
  updateMetadata: { data: SelfDescription; answer: Empty };
  sendData: { data: { topic: string; payload: string; to?: readonly string[] }; answer: Empty };
  setSubscription: { data: { auto: boolean } | ({ producerId: string } & Wish); answer: Empty };
  setLastN: { data: { lastN: number | null }; answer: Empty };
  "moderator:mutePeer": { data: { peerId: string; producerId?: string }; answer: Empty };
  "moderator:unmutePeer": { data: { peerId: string }; answer: Empty };
  "moderator:muteAll": { data: Empty; answer: Empty };
  "moderator:stopVideo": { data: { peerId: string }; answer: Empty };
  "moderator:stopScreenShare": { data: { peerId: string }; answer: Empty };
  "moderator:removePeer": { data: { peerId: string }; answer: Empty };
  "moderator:banPeer": { data: { peerId: string }; answer: Empty };
  "moderator:lockRoom": { data: Empty; answer: Empty };
  "moderator:unlockRoom": { data: Empty; answer: Empty };
  "moderator:closeRoom": { data: Empty; answer: Empty };
  "moderator:lowerHand": { data: { peerId: string }; answer: Empty };
  "moderator:lowerAllHands": { data: Empty; answer: Empty };
  "moderator:transferOwnership": { data: { peerId: string }; answer: Empty };
  "moderator:updateRoom": { data: RoomChanges; answer: Empty };
  "moderator:admitPeer": { data: { peerId: string }; answer: Empty };
  "moderator:rejectPeer": { data: { peerId: string }; answer: Empty };
  "moderator:admitAll": { data: Empty; answer: Empty };
}

/** The room's name, if it has one but its id, and how it is set up. */
export type RoomNow = { name: string } & Partial<CallSettings>;

/** The answer to `join`. A server without session and secret knows no `resume`. */
export interface Welcome {
  sessionId?: string;
  resumeToken?: string;
  peers: PeerInfo[];
  permissions?: Permissions;
  role?: string | null;
  roomName?: string;
  locked?: boolean;
  lobby?: boolean;
  room?: RoomNow;
  chat?: ChatMessage[];
  hands?: Hand[];
}

/** A producer of one's own, as the server has it. */
export interface KnownProducer {
  id: string;
  paused: boolean;
}

/** Something that one receives, as the server has it. */
export interface KnownConsumer {
  id: string;
  producerPaused: boolean;
  suspended: boolean;
}

/** What of one's media the server has. */
export interface KnownMedia {
  transports: { id: string }[];
  producers: KnownProducer[];
  consumers: KnownConsumer[];
  dataProducers: { id: string }[];
  dataConsumers: { id: string }[];
}

/** What was done to one who was away; servers of before do not tell it. */
export interface Missed {
  missed?: ServerNotification[];
}

/** The ids of what a client has of each. */
export type HeldMedia = { [kind in keyof KnownMedia]: string[] };

export type Method = keyof Requests;

export interface NewConsumer {
  peerId: string;
  producerId: string;
  id: string;
  kind: types.MediaKind;
  rtpParameters: types.RtpParameters;
  type: string;
  appData?: types.AppData;
  producerPaused: boolean;
}

export interface NewDataConsumer {
  peerId: string | null;
  dataProducerId: string;
  id: string;
  sctpStreamParameters: types.SctpStreamParameters;
  label: string;
  protocol: string;
  appData?: types.AppData;
}

/** The server's requests, each of which the client accepts or refuses. */
export type ServerRequest =
  { method: "newConsumer"; data: NewConsumer } | { method: "newDataConsumer"; data: NewDataConsumer };

/** 0 (nothing arrives) to 10, for the way from the server to us and from the sender to the server. */
export interface ConsumerScore {
  readonly score: number;
  readonly producerScore: number;
}

/** Size (spatial) and frame rate (temporal) of a video, 0 being the least. */
export interface ConsumerLayers {
  readonly spatialLayer: number;
  readonly temporalLayer: number;
}

/** `null` layers: nothing is sent at the moment. */
export interface LayersChange {
  consumerId: string;
  spatialLayer: number | null;
  temporalLayer: number | null;
}

/** The server's notifications. A method that is not here is one that this client has no use for. */
export type ServerNotification =
  | { method: "mediasoup-version"; data: { version: string | null } }
  | { method: "newPeer"; data: PeerInfo }
  | { method: "peerClosed"; data: { peerId: string } }
  | { method: "peerDisplayNameChanged"; data: { peerId: string; displayName: string } }
  | { method: "consumerClosed"; data: { consumerId: string } }
  | { method: "consumerPaused"; data: { consumerId: string } }
  | { method: "consumerResumed"; data: { consumerId: string } }
  | { method: "consumerScore"; data: { consumerId: string; score: ConsumerScore } }
  | { method: "consumerLayersChanged"; data: LayersChange }
  | { method: "dataConsumerClosed"; data: { dataConsumerId: string } }
  | { method: "producerScore"; data: { producerId: string; score: { score: number }[] } }
  | { method: "activeSpeaker"; data: { peerId?: string | null; volume?: number | null } }
  | { method: "downlinkBwe"; data: { availableBitrate: number } }
  | { method: "roomUpdated"; data: RoomNow }
  | { method: "rebuild"; data: { routerRtpCapabilities: types.RtpCapabilities } }
  | { method: "move"; data: { url: string | null } }
  | { method: "roomClosed"; data: { reason: string; by?: Actor | null } }
  | { method: "lobbyPeer"; data: LobbyPeer }
  | { method: "lobbyPeerClosed"; data: { peerId: string } }
  | { method: "admitted"; data: { by: Actor | null } }
  | { method: "permissionsChanged"; data: { permissions: Permissions; role?: string | null; by: Actor | null } }
  | { method: "mutedByModerator"; data: { producerId: string; source: Source; mayUnmute: boolean; by: Actor } }
  | { method: "unmutedByModerator"; data: { producerId: string; source: Source; by: Actor } }
  | { method: "producerClosed"; data: { producerId: string; source: Source; reason: string; by: Actor | null } }
  | { method: "chatMessage"; data: ChatMessage }
  | { method: "reaction"; data: Reaction }
  | { method: "handRaised"; data: Hand }
  | { method: "handLowered"; data: { peerId: string; by?: Actor | null } }
  | { method: "peerUpdated"; data: Required<SelfDescription> & { peerId: string; displayName: string } }
  | { method: "dataMessage"; data: TopicMessage }
  | { method: "videoSuspended"; data: { consumerId: string } }
  | { method: "videoResumed"; data: { consumerId: string } }
  | { method: "producersPaused"; data: { producers: WantedLayers[] } }
  | { method: "audioLevels"; data: { levels: { peerId: string; volume: number }[] } }
  | { method: "connectionQuality"; data: { peers: { peerId: string; quality: ConnectionQuality; score: number }[] } }
  | { method: "removed"; data: { reason: string; by: Actor | null } };
