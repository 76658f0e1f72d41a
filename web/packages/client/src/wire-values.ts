/** The values that the messages of `wire.ts` carry and that an interface shows. Times are in ms since 1970. */

/** Somebody said something to everyone in the call. */
export interface ChatMessage {
  readonly id: string;
  readonly peerId: string;
  readonly displayName: string;
  readonly text: string;
  readonly sentAt: number;
}

/** Something to show for a moment, an emoji say. */
export interface Reaction {
  readonly peerId: string;
  readonly reaction: string;
}

export interface Hand {
  readonly peerId: string;
  readonly raisedAt: number;
}

/** What a peer says of itself to programs. In a change, what is absent stays; an empty value removes its attribute. */
export interface SelfDescription {
  readonly metadata?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A message of one program to others. `from` is null when it came from outside, through the server's API. */
export interface TopicMessage {
  readonly topic: string;
  readonly payload: string;
  readonly from: string | null;
  readonly sentAt: number;
}

/** How the call is set up at the moment. */
export interface CallSettings {
  readonly locked: boolean;
  /** Whether guests have to be admitted. */
  readonly lobby: boolean;
  readonly metadata: string;
  /** Whether those whom a moderator muted may unmute. */
  readonly unmuteAllowed: boolean;
  /** Of how many recent speakers the cameras are sent at most; null: of everyone. */
  readonly lastN: number | null;
}

/** What a moderator may change of them; locking has methods of its own. */
export type RoomChanges = Partial<Omit<CallSettings, "locked">>;

/** What is wanted of one producer of somebody else. What is absent stays as it is. */
export interface Wish {
  /** Whether to receive it at all. */
  readonly subscribed?: boolean;
  /** The most that is of use; null: all there is. */
  readonly preferredLayers?: { readonly spatialLayer: number; readonly temporalLayer?: number } | null;
  /** 1 to 255, the higher the sooner it gets bandwidth. */
  readonly priority?: number;
  /** Whether anybody looks at it; the server sends nothing while nobody does. */
  readonly visible?: boolean;
}

/** What others receive of one of your producers. */
export interface WantedLayers {
  readonly producerId: string;
  /** The largest size that somebody receives; null: all of them. */
  readonly maxSpatialLayer: number | null;
  /** Whether nobody receives it at all. */
  readonly paused: boolean;
}

export type ConnectionQuality = "excellent" | "good" | "poor" | "lost";

export interface IceServers {
  readonly iceServers: readonly RTCIceServer[];
  /** When their credentials expire; null: never. */
  readonly expiresAt: number | null;
}
