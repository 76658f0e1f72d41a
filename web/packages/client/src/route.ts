/** The way of a transport's media through the network: watches it, and looks for another when it breaks. */

import type { types } from "mediasoup-client";

import { CallError, ConnectionLostError } from "./errors.js";
import { onNetworkChange, onNetworkHint } from "./network.js";
import { receivedBytes } from "./rtc-stats.js";

export interface RepairOptions {
  /** How long a way that is interrupted may come back by itself, in ms. */
  readonly patience: number;
  /** How long the first repair has, in ms; each one after it has twice as long. */
  readonly firstWait: number;
  /** After so many repairs in vain it is given up. */
  readonly attempts: number;
}

export const DEFAULT_REPAIR: RepairOptions = { patience: 1_000, firstWait: 2_000, attempts: 3 };

export interface RouteEvents {
  /** Media gets through, or (again) not. */
  onMedia(works: boolean): void;
  /** There is no way with this transport. */
  onBroken(): void;
  /** Nor does the server answer. The connection to it did not survive either; browsers may take minutes to notice. */
  onUnanswered(): void;
}

/** A repair is an ICE restart: both sides gather their addresses anew, and try all pairs of them. */
export class Route {
  readonly #unwatchNetwork: (() => void)[];
  /** The repairs since there was a way last. */
  #attempt = 0;
  /** Whether the server has not answered yet what was asked of it for the latest repair. */
  #unanswered = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether there is nobody to ask, and whether there is something to ask about. */
  #held = false;
  #overdue = false;
  #closed = false;

  constructor(
    private readonly transport: types.Transport,
    /** Has the server restart ICE at its end. */
    private readonly ask: () => Promise<types.IceParameters>,
    private readonly events: RouteEvents,
    private readonly options: RepairOptions = DEFAULT_REPAIR,
  ) {
    transport.on("connectionstatechange", (state) => this.#became(state));
    this.#unwatchNetwork = [
      onNetworkChange(() => this.#networkChanged()),
      onNetworkHint(() => void this.#networkMayHaveChanged()),
    ];
  }

  /** The connection to the server is lost: what needs repair has to wait for the next one. */
  hold(): void {
    this.#held = true;
    this.#overdue = this.#attempt > 0;
    clearTimeout(this.#timer);
  }

  /** There is another connection to the server: repair a way that is interrupted, and leave alone one that works. */
  resume(): void {
    this.#held = false;
    this.#attempt = 0;
    if (this.#overdue || ["disconnected", "failed"].includes(this.transport.connectionState)) this.#repair();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const unwatch of this.#unwatchNetwork) unwatch();
  }

  #became(state: types.ConnectionState): void {
    if (this.#closed) return;
    if (state === "connected") this.#works();
    if (state === "failed") this.events.onMedia(false);
    // A repair that is going on has its own clock.
    if (this.#attempt > 0 || this.#held) return;
    if (state === "failed") this.#repair();
    if (state === "disconnected") this.#in(this.options.patience, () => this.#repair());
  }

  #works(): void {
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.#overdue = false;
    this.events.onMedia(true);
  }

  /** The browser would notice by itself, but only when nothing has come for seconds. */
  #networkChanged(): void {
    if (this.transport.connectionState === "new") return;
    this.#attempt = 0;
    if (this.#held) this.#overdue = true;
    else this.#repair();
  }

  /** Look for a while whether anything still comes. */
  async #networkMayHaveChanged(): Promise<void> {
    if (!this.#isQuiet()) return;
    const before = await this.#received();
    if (!this.#isQuiet()) return;
    this.#in(this.options.patience, async () => {
      if ((await this.#received()) === before && this.#isQuiet()) this.#repair();
    });
  }

  /** Whether there is a way, as far as the browser knows, and no repair going on. */
  #isQuiet(): boolean {
    return !this.#closed && !this.#held && this.#attempt === 0 && this.transport.connectionState === "connected";
  }

  /** How many bytes have come; NaN, which equals nothing, when the browser does not say. */
  async #received(): Promise<number> {
    try {
      return receivedBytes(await this.transport.getStats());
    } catch (error) {
      // It was closed in the middle, say.
      console.debug("no statistics of the way for media", error);
      return Number.NaN;
    }
  }

  #repair(): void {
    if (this.#attempt === this.options.attempts) return this.#giveUp();
    this.#attempt += 1;
    this.#in(this.options.firstWait * 2 ** (this.#attempt - 1), () => this.#check());
    this.#restart().catch((error: unknown) => this.#notRepaired(error));
  }

  /** Restart ICE at both ends. */
  async #restart(): Promise<void> {
    this.#unanswered = true;
    const iceParameters = await this.ask().finally(() => (this.#unanswered = false));
    await this.transport.restartIce({ iceParameters });
  }

  #check(): void {
    if (this.#unanswered) this.events.onUnanswered();
    else if (this.transport.connectionState === "connected") this.#attempt = 0;
    else this.#repair();
  }

  #notRepaired(error: unknown): void {
    // It goes on with the next connection to the server.
    if (this.#closed || error instanceof ConnectionLostError) return;
    console.warn("the way for media could not be repaired", error);
    // No answer, or none that the browser could use: the clock runs to the next attempt.
    if (error instanceof CallError) this.#giveUp();
  }

  #giveUp(): void {
    this.close();
    this.events.onBroken();
  }

  #in(delay: number, task: () => unknown): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(task, delay);
  }
}
