/**
 * How each track does over time, for those who look at a call's details.
 *
 * ```ts
 * const monitor = new StatsMonitor(call);
 * monitor.state.subscribe(() => plot(monitor.state.get().received[consumerId]));
 * …
 * monitor.stop();
 * ```
 */

import type { Call } from "./call.js";
import type { CallTotals, TrackTotals } from "./rtc-stats.js";
import { Store } from "./store.js";
import type { Source } from "./wire.js";

/** One track between two looks at it. */
export interface Reading extends Omit<TrackTotals, "bytes" | "packets"> {
  /** In bits a second. */
  readonly bitrate: number;
  /** The part of the packets that did not arrive, 0 to 1. */
  readonly loss: number;
}

/** Readings of each track, the oldest first. */
export interface StatsHistory {
  /** By consumer. */
  readonly received: Readonly<Record<string, readonly Reading[]>>;
  readonly sent: { readonly [source in Source]?: readonly Reading[] };
}

export interface StatsMonitorOptions {
  /** The time between two readings, in ms. */
  readonly period?: number;
  /** How many readings are kept of each track; then the oldest is forgotten. */
  readonly keep?: number;
}

type Histories = Record<string, readonly Reading[]>;

/** Asks the browser from its making until it is stopped, and costs nothing otherwise. */
export class StatsMonitor {
  readonly state = new Store<StatsHistory>({ received: {}, sent: {} });
  readonly #keep: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #before: CallTotals = { received: {}, sent: {} };
  #busy = false;

  constructor(
    private readonly call: Pick<Call, "totals">,
    { period = 2_000, keep = 60 }: StatsMonitorOptions = {},
  ) {
    this.#keep = keep;
    this.#timer = setInterval(() => void this.#read(), period);
    void this.#read();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    // A browser that takes longer than the period is not asked twice.
    if (this.#busy) return;
    this.#busy = true;
    try {
      const totals = await this.call.totals();
      const { received: oldReceived, sent: oldSent } = this.state.get();
      this.state.update({
        received: this.#append(oldReceived, totals.received, this.#before.received),
        sent: this.#append(oldSent as Histories, totals.sent, this.#before.sent),
      });
      this.#before = totals;
    } catch (error) {
      // Tracks end while they are asked about: the next time is another one.
      console.debug("no statistics this time", error);
    } finally {
      this.#busy = false;
    }
  }

  /** Histories of the tracks that there are now; those of others are forgotten. */
  #append(histories: Histories, totals: CallTotals["sent"], before: CallTotals["sent"]): Histories {
    const next = Object.entries(totals).map(([name, now]) => {
      const reading = readingOf(now, before[name]);
      return [name, [...(histories[name] ?? []), ...(reading ? [reading] : [])].slice(-this.#keep)];
    });
    return Object.fromEntries(next) as Histories;
  }
}

/** What happened between two moments; null where there is only one, or the browser has begun to count anew. */
export function readingOf(now: TrackTotals, before: TrackTotals | undefined): Reading | null {
  if (!before || now.at <= before.at || now.bytes < before.bytes) return null;
  const { bytes, packets, ...rest } = now;
  // Packets that come late after all make fewer of them lost.
  const lost = Math.max(0, now.lost - before.lost);
  const sent = packets - before.packets + lost;
  return {
    ...rest,
    lost,
    bitrate: ((bytes - before.bytes) * 8_000) / (now.at - before.at),
    loss: sent > 0 ? lost / sent : 0,
  };
}
