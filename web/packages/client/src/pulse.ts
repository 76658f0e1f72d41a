/** Whether the server is still there: a websocket whose network has gone says nothing of it for minutes. */

import { onNetworkHint } from "./network.js";
import type { ReconnectingSocket } from "./socket.js";

export interface PulseOptions {
  /** After so long without a word of the server it is asked for one, in ms. */
  readonly quiet: number;
  /** How long it has for the answer, in ms. More than a busy server needs: it gets busier if everybody comes anew. */
  readonly patience: number;
}

export const DEFAULT_PULSE: PulseOptions = { quiet: 4_000, patience: 4_000 };

/** Watches each connection of `socket`, and makes it connect anew where nobody answers. */
export class Pulse {
  /** Runs while the server is asked, and while it need not be. */
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #open = false;

  constructor(
    private readonly socket: ReconnectingSocket,
    /** Asks the server anything; also a refusal is an answer. */
    private readonly ask: () => Promise<unknown>,
    private readonly options: PulseOptions = DEFAULT_PULSE,
  ) {
    const unwatch = onNetworkHint(() => this.#ask());
    socket.on("open", () => this.#opened());
    socket.on("message", () => this.#heard());
    socket.on("disconnected", () => this.#stop());
    socket.on("close", () => {
      this.#stop();
      unwatch();
    });
  }

  #opened(): void {
    this.#open = true;
    this.#heard();
  }

  #heard(): void {
    clearTimeout(this.#quiet);
    if (this.#open) this.#quiet = setTimeout(() => this.#ask(), this.options.quiet);
  }

  #ask(): void {
    // One question at a time: the clock of the first one runs.
    if (!this.#open || this.#deadline !== undefined) return;
    const deadline = setTimeout(() => this.socket.reconnect("the server is not heard"), this.options.patience);
    this.#deadline = deadline;
    const answered = () => this.#deadline === deadline && this.#answered();
    this.ask().then(answered, answered);
  }

  #answered(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  #stop(): void {
    this.#open = false;
    clearTimeout(this.#quiet);
    this.#answered();
  }
}
