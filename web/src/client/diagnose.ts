/** Find out why a websocket did not open, which browsers keep to themselves. */

import { CallError } from "./errors";
import { isTemporary, NOT_LET_IN, refusalProblem, SERVER_UNREACHABLE, type Problem } from "./problem";

/** How long to wait for the answer, in ms. */
const TIMEOUT = 5_000;

/** "This is for websockets only": no objection to the caller. */
const NO_OBJECTION = [400, 426];

export interface Diagnosis {
  readonly problem: Problem;
  /** Whether trying again is useless. */
  readonly final: boolean;
}

/** Ask for the same address without the upgrade, and read the answer. */
export async function diagnose(url: URL): Promise<Diagnosis> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT), cache: "no-store" });
  } catch {
    return { problem: SERVER_UNREACHABLE, final: false };
  }
  if (response.ok || NO_OBJECTION.includes(response.status)) return { problem: NOT_LET_IN, final: false };
  const refusal = new CallError(response.status, await reasonOf(response));
  return { problem: refusalProblem(refusal), final: !isTemporary(refusal) };
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error: { message: string } };
    return error.message;
  } catch {
    return response.statusText || String(response.status); // A proxy's page, not our server's words.
  }
}
