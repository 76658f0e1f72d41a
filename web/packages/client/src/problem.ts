/** What can go wrong in a call, in words for the person in front of it. */

import { CallError } from "./errors.js";

export type ProblemCode =
  | "permission_denied"
  | "device_missing"
  | "device_busy"
  | "device_lost"
  | "device_replaced"
  | "device_failed"
  | "insecure_context"
  | "browser_unsupported"
  | "server_unreachable"
  | "server_busy"
  | "server_refused"
  | "room_full"
  | "room_closed"
  | "account_needed"
  | "room_missing"
  | "room_locked"
  | "removed"
  | "banned"
  | "rejected"
  | "replaced"
  | "publish_failed"
  | "media_blocked";

/** `code` is stable, for programs; `message` is for people. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
}

/** What `getUserMedia()` and `getDisplayMedia()` said, for the `device` ("camera", "microphone", "screen"). */
export function deviceProblem(device: string, error: unknown): Problem {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return {
        code: "permission_denied",
        message: `This page may not use your ${device}. Allow it in the browser's address bar, then turn it on.`,
      };
    case "NotFoundError":
    case "OverconstrainedError":
      return { code: "device_missing", message: `No ${device} was found. Connect one, then turn it on.` };
    case "NotReadableError":
    case "AbortError":
      return {
        code: "device_busy",
        message: `Your ${device} can't be opened. Close other programs that use it, then turn it on.`,
      };
    default:
      return { code: "device_failed", message: `Your ${device} can't be used (${describe(error)}).` };
  }
}

export const INSECURE_CONTEXT: Problem = {
  code: "insecure_context",
  message: "The browser gives camera and microphone only to pages opened over https or from localhost.",
};

export const BROWSER_UNSUPPORTED: Problem = {
  code: "browser_unsupported",
  message: "This browser can't make video calls. Use a recent Chrome, Edge, Firefox or Safari.",
};

export const SERVER_UNREACHABLE: Problem = {
  code: "server_unreachable",
  message: "The server can't be reached. Check your network connection.",
};

export const NOT_LET_IN: Problem = {
  code: "server_refused",
  message: "The server is there, but does not let you in. It, or this room, may be full.",
};

export const REPLACED: Problem = {
  code: "replaced",
  message: "You joined this room from somewhere else, so this window left it.",
};

export const MEDIA_BLOCKED: Problem = {
  code: "media_blocked",
  message:
    "Audio and video can't get through between you and the server. A firewall may block it; trying again.",
};

const KNOWN_REASONS: Readonly<Record<string, string>> = {
  "worker-died": "The server's media process had to be restarted.",
  "server-shutdown": "The server is being restarted.",
  draining: "This server is about to be stopped; another one takes over.",
  moving: "This server is about to be stopped; you move to another one.",
};

/** Why the server closed the room, from the `reason` of its `roomClosed`. */
export function roomClosedProblem(reason: string): Problem {
  return { code: "room_closed", message: KNOWN_REASONS[reason] ?? `The room was closed (${reason}).` };
}

/** Why the connection was lost, from the `reason` with which the server closed it. */
export function connectionLostProblem(reason: string): Problem {
  const message = KNOWN_REASONS[reason] ?? "The connection to the server was lost.";
  return { code: "server_unreachable", message };
}

/** Why the server closed the connection for good, from its reason and from who it says did it. */
export function closedForGoodProblem(reason: string, by: string | null): Problem {
  switch (reason) {
    case "replaced":
      return REPLACED;
    case "removed":
      return { code: "removed", message: `${by ?? "A moderator"} removed you from this call.` };
    case "banned":
      return {
        code: "banned",
        message: `${by ?? "A moderator"} removed you from this call, and you can't come back.`,
      };
    case "rejected":
      return { code: "rejected", message: `${by ?? "A moderator"} did not let you in.` };
    case "permissions-changed":
      // Somebody took away the membership, or the account is gone.
      return {
        code: "removed",
        message: by ? `${by} removed you from this call.` : "You may not be in this call any more.",
      };
    case "room-closed":
      return {
        code: "room_closed",
        message: by ? `${by} ended this call for everybody.` : "This call was ended for everybody.",
      };
    case "room-ended":
      return { code: "room_closed", message: "The time for this call is over." };
    default:
      return { code: "room_closed", message: `The server ended this call${reason && ` (${reason})`}.` };
  }
}

/** What an answer of the server with an error means to the one who wants to join. */
export function refusalProblem({ status, message, errorName }: CallError): Problem {
  const named = REFUSALS[errorName];
  if (named) return named;
  if (status === 0) return SERVER_UNREACHABLE;
  if (status === 401) return ACCOUNT_NEEDED;
  if (status === 404) return ROOM_MISSING;
  if (status === 429) {
    return { code: "room_full", message: "This room, or the server, is full. Try again in a moment." };
  }
  if (status >= 500) {
    return { code: "server_busy", message: `The server can't take calls at the moment (${message}).` };
  }
  return { code: "server_refused", message: `The server did not let you in: ${message}.` };
}

/**
 * Why somebody who asked about a room won't get in, as far as that is certain; null otherwise.
 *
 * @param openRooms whether a room that does not exist is made
 */
export function accessProblem(error: unknown, openRooms: boolean): Problem | null {
  if (!(error instanceof CallError) || isTemporary(error)) return null;
  return error.status === 404 && openRooms ? null : refusalProblem(error);
}

const ACCOUNT_NEEDED: Problem = {
  code: "account_needed",
  message: "This room is for people with an account. Sign in to join.",
};

const ROOM_MISSING: Problem = {
  code: "room_missing",
  message: "There is no such room. Check the link, or ask for a new one.",
};

const REFUSALS: Readonly<Record<string, Problem>> = {
  banned: { code: "banned", message: "You were removed from this room, and can't come back." },
  room_locked: { code: "room_locked", message: "This room is locked: nobody new may enter at the moment." },
  too_many_requests: {
    code: "server_busy",
    message: "That was tried too often. Wait a minute, then try again.",
  },
};

/** Whether trying again by itself may help: the server's trouble, not the caller's. */
export function isTemporary(error: unknown): boolean {
  return !(error instanceof CallError) || error.status === 0 || error.status >= 500;
}

export function describe(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
