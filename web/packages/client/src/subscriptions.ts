/** What is received of the others' media: everything, or what was chosen; how large; only while somebody looks. */

import type { CallState } from "./call-state.js";
import { CallError, ConnectionLostError } from "./errors.js";
import type { Signaling } from "./signaling.js";
import type { Store } from "./store.js";
import type { RemoteMedia } from "./subscriber.js";
import { VideoViews } from "./video-views.js";
import type { Wish } from "./wire-values.js";

/** Wishes about so many producers are kept; then the oldest is forgotten. They outlive what they are about. */
const MAX_WISHES = 1_000;

/**
 * Wishes last as long as the call: they are told again after a lost connection.
 *
 * The methods throw `CallError` when the server refuses. While there is no connection nothing throws: wishes are told
 * when there is one.
 */
export class Subscriptions {
  #auto = true;
  #lastN: number | null = null;
  readonly #wishes = new Map<string, Wish>();
  readonly #views: VideoViews;

  constructor(
    private readonly state: Store<CallState>,
    private readonly signaling: Signaling,
  ) {
    this.#views = new VideoViews(state, (producerId, wish) => void this.#chooseQuietly(producerId, wish));
  }

  /** Receive everything (the default), or only what is chosen. */
  async setAuto(auto: boolean): Promise<void> {
    this.#auto = auto;
    await this.#tell(() => this.signaling.request("setSubscription", { auto }));
  }

  /** Say what is wanted of a producer. What is absent from `wish` stays as it is. */
  async choose(producerId: string, wish: Wish): Promise<void> {
    const before = this.#wishes.get(producerId);
    this.#wishes.delete(producerId);
    this.#wishes.set(producerId, { ...before, ...wish });
    const [oldest] = this.#wishes.keys();
    if (this.#wishes.size > MAX_WISHES && oldest !== undefined) this.#wishes.delete(oldest);
    await this.#tell(() => this.signaling.request("setSubscription", { producerId, ...wish }));
  }

  /** As it was chosen here. */
  get lastN(): number | null {
    return this.#lastN;
  }

  /** Receive the cameras of the `lastN` who spoke last only; null: of as many as the room allows. */
  async setLastN(lastN: number | null): Promise<void> {
    this.#lastN = lastN;
    await this.#tell(() => this.signaling.request("setLastN", { lastN }));
  }

  /**
   * Receive a video as large as `element` shows it, and not at all while it can't be seen.
   *
   * A video may be shown in several elements. Returns the function that ends it; where the last one ends nobody looks
   * any more. Videos that were never observed come as the server thinks best.
   */
  observeVideo(element: HTMLElement, { producerId }: Pick<RemoteMedia, "producerId">): () => void {
    const view = this.#views.add(element, producerId);
    return () => this.#views.remove(view);
  }

  /** Tell the server of a new connection all that is not as it begins. */
  joined(): void {
    if (!this.#auto) this.#quietly(this.setAuto(false));
    if (this.#lastN !== null) this.#quietly(this.setLastN(this.#lastN));
    for (const [producerId, wish] of [...this.#wishes]) void this.#chooseQuietly(producerId, wish);
  }

  /** Tell the server what was wished while there was no connection, and what it may not have heard before. */
  resumed(): void {
    this.#quietly(this.setAuto(this.#auto));
    this.#quietly(this.setLastN(this.#lastN));
    for (const [producerId, wish] of [...this.#wishes]) void this.#chooseQuietly(producerId, wish);
  }

  close(): void {
    this.#views.close();
  }

  /** For wishes that nobody waits for: those about producers that have gone are forgotten. */
  async #chooseQuietly(producerId: string, wish: Wish): Promise<void> {
    try {
      await this.choose(producerId, wish);
    } catch (error) {
      this.#wishes.delete(producerId);
      // Nor does it matter to a server that knows no wishes.
      if (!(error instanceof CallError && error.status === 404)) console.warn("a wish was refused", error);
    }
  }

  #quietly(told: Promise<void>): void {
    told.catch((error: unknown) => console.warn("a wish was refused", error));
  }

  async #tell(ask: () => Promise<unknown>): Promise<void> {
    if (this.state.get().status !== "joined") return;
    try {
      await ask();
    } catch (error) {
      // It is told again to the next connection.
      if (!(error instanceof ConnectionLostError)) throw error;
    }
  }
}
