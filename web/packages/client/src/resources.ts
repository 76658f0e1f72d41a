/** What the REST API gives and takes, as `/api/openapi.json` describes it. */

import type { Pass } from "./door.js";

export type Access = "anyone" | "users" | "members";

export type Role = "owner" | "moderator" | "member" | "guest";

/** One page of a list; `next` is the cursor of the one after it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface ServerConfig {
  /** Whether any name makes a room, for everybody. */
  readonly openRooms: boolean;
  /** Whether one may sign up. */
  readonly registration: boolean;
  readonly version: string;
}

/** What is told of a room along with something else. */
export interface RoomInfo {
  readonly code: string;
  readonly name: string;
  readonly access: Access;
  readonly lobby: boolean;
  readonly locked: boolean;
}

/** A room, for those who may join it. Times are ISO 8601. */
export interface Room extends RoomInfo {
  /** What the one who asks is there; null for who is no member. */
  readonly role: Role | null;
  readonly maxParticipants: number | null;
  readonly startsAt: string | null;
  readonly endsAt: string | null;
  readonly createdAt: string;
  /** How many are in it now. */
  readonly participantCount: number;
  /** Who they are; null for who is no member. */
  readonly participants: readonly Participant[] | null;
}

export interface Participant {
  readonly peerId: string;
  readonly identity: string;
  readonly displayName: string;
  readonly joinedAt: string;
}

export interface RoomSettings {
  readonly name: string;
  readonly access?: Access;
  readonly lobby?: boolean;
  readonly locked?: boolean;
  readonly maxParticipants?: number | null;
}

export interface Member {
  readonly userId: string;
  readonly displayName: string;
  readonly role: Role;
}

export interface Invitation {
  readonly id: string;
  readonly role: Role;
  readonly expiresAt: string;
}

export interface NewInvitation {
  readonly role: "moderator" | "member";
  readonly email?: string;
  readonly maxUses?: number;
  readonly expiresAt?: string;
}

/** The answer to `join`. */
export interface JoinAnswer extends Pass {
  readonly role: Role;
}
