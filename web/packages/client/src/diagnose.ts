/** Find out why a websocket did not open, which browsers keep to themselves. */

import type { Address } from "./door.js";
import { CallError } from "./errors.js";
import { refusalOf } from "./http.js";
import { describe, isTemporary, NOT_LET_IN, refusalProblem, SERVER_UNREACHABLE, type Problem } from "./problem.js";

/** How long to wait for the answer, in ms. */
const TIMEOUT = 5_000;

/** "This is for websockets only": no objection to the caller. */
const NO_OBJECTION = [400, 426];

export interface Diagnosis {
  readonly problem: Problem;
  /** The answer's HTTP status; 0 when there was none. */
  readonly status: number;
  /** Whether trying again is useless. */
  readonly final: boolean;
}

/** Ask for the same address without the upgrade, and read the answer. */
export async function diagnose({ url, token }: Address): Promise<Diagnosis> {
  let response: Response;
  try {
    response = await fetch(url.replace(/^ws/, "http"), {
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT),
      cache: "no-store",
    });
  } catch {
    return { problem: SERVER_UNREACHABLE, status: 0, final: false };
  }
  const { status, ok } = response;
  if (ok || NO_OBJECTION.includes(status)) return { problem: NOT_LET_IN, status, final: false };
  return diagnosisOf(await refusalOf(response));
}

/** What an error on the way into the call means. */
export function diagnosisOf(error: unknown): Diagnosis {
  if (error instanceof CallError) {
    return { problem: refusalProblem(error), status: error.status, final: !isTemporary(error) };
  }
  const problem: Problem = { code: "server_busy", message: `Joining failed (${describe(error)}).` };
  return { problem, status: 0, final: false };
}
