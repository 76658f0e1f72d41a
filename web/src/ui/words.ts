/** Errors in words for the person in front of the page. */

import { ApiError } from "@connect/client";

/** What went wrong, as a sentence. */
export function wordsFor(error: unknown): string {
  if (!(error instanceof ApiError)) return sentence(error instanceof Error ? error.message : String(error));
  const { status, retryAfter, errorName, fields } = error;
  if (Object.keys(fields).length > 0) return "Please look at what is marked.";
  if (errorName === "too_many_requests") return `That was tried too often. Try again ${after(retryAfter)}.`;
  if (status === 401) return "You are signed out. Sign in again, please.";
  if (status >= 500) return "The server can't do that at the moment. Try again soon.";
  return sentence(error.message);
}

/** The server's words, which are no sentences, as one. */
export function sentence(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("") + (/[.!?]$/.test(text) ? "" : ".");
}

function after(seconds: number | null): string {
  if (seconds === null) return "in a moment";
  if (seconds < 90) return `in ${Math.max(1, seconds)} s`;
  return `in ${Math.ceil(seconds / 60)} minutes`;
}
