/** The servers that help media through firewalls, whose credentials are renewed before they expire. */

import { CallError, ConnectionLostError } from "./errors.js";
import type { Signaling } from "./signaling.js";
import type { IceServers } from "./wire-values.js";

/** Which part of the credentials' life is used: the rest is for slow answers and clocks that run apart. */
const USED_PART = 0.8;

/** The least time between two questions, in ms: to a clock that is ahead, new credentials have expired already. */
const SHORTEST = 60_000;

/** How soon to ask again when there was no answer, in ms. */
const AGAIN = 10_000;

/** The longest that a browser's timer can wait, in ms. */
const LONGEST = 2 ** 31 - 1;

export class IceServerList {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(
    private readonly signaling: Signaling,
    /** What to use where the server has no such question. */
    private readonly fallback: readonly RTCIceServer[],
    private readonly onRenewed: (servers: RTCIceServer[]) => void,
  ) {}

  /**
   * Ask the server, and again before what it says expires.
   *
   * @throws {ConnectionLostError} the connection ended before the answer
   */
  async load(): Promise<RTCIceServer[]> {
    try {
      const { iceServers = this.fallback, expiresAt = null }: Partial<IceServers> = await this.signaling.request(
        "getIceServers",
        {},
      );
      if (expiresAt !== null) this.#renewIn(Math.max((expiresAt - Date.now()) * USED_PART, SHORTEST));
      return [...iceServers];
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return [...this.fallback];
    }
  }

  /** Have new ones now: after a lost connection, with which a question may have been lost. */
  async renew(): Promise<void> {
    try {
      const servers = await this.load();
      if (!this.#closed) this.onRenewed(servers);
    } catch (error) {
      if (this.#closed || error instanceof ConnectionLostError) return;
      console.warn("the ICE servers could not be renewed; trying again", error);
      this.#renewIn(AGAIN);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #renewIn(delay: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.renew(), Math.min(delay, LONGEST));
  }
}
