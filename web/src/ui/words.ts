/** Errors in words for the person in front of the page. */

import { ApiError } from "@connect/client";

import { STRINGS } from "./strings";

const WORDS = STRINGS.errors;

/** What went wrong, as a sentence. */
export function wordsFor(error: unknown): string {
  if (!(error instanceof ApiError)) return sentence(error instanceof Error ? error.message : String(error));
  const { status, retryAfter, errorName, fields } = error;
  if (Object.keys(fields).length > 0) return WORDS.fields;
  if (errorName === "too_many_requests") return WORDS.tooOften(after(retryAfter));
  if (status === 401) return WORDS.signedOut;
  if (status >= 500) return WORDS.server;
  return sentence(error.message);
}

/** The server's words, which are no sentences, as one. */
export function sentence(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("") + (/[.!?]$/.test(text) ? "" : ".");
}

function after(seconds: number | null): string {
  if (seconds === null) return WORDS.inAMoment;
  if (seconds < 90) return WORDS.inSeconds(Math.max(1, seconds));
  return WORDS.inMinutes(Math.ceil(seconds / 60));
}
