/**
 * The websocket under protoo, which reconnects by itself.
 *
 * protoo-client brings one too. This one also tells why the server closed, waits a little before it comes back after a
 * loss (a thousand clients of a restarted server must not all return in the same moment), and gives up after a set time.
 */

import { Emitter } from "./emitter";

/** Code and reason of the server's close frame; 1006 when the connection just broke. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** The server's way to say "don't come back". */
export const CLOSED_FOR_GOOD = 4000;

export interface SocketOptions {
  /** How long an attempt may take, in ms. */
  readonly connectTimeout: number;
  /** The longest wait before the first and before any attempt, in ms; it doubles in between. */
  readonly firstDelay: number;
  readonly longestDelay: number;
  /** How long to go on trying, in ms. */
  readonly giveUpAfter: number;
}

export const DEFAULT_SOCKET_OPTIONS: SocketOptions = {
  connectTimeout: 10_000,
  firstDelay: 500,
  longestDelay: 5_000,
  giveUpAfter: 60_000,
};

export type SocketEvents = {
  open: [];
  message: [unknown];
  /** An attempt to connect failed; another follows. */
  failed: [attempt: number];
  /** An open connection was lost; an attempt follows. */
  disconnected: [Closing];
  /** It is over: closed here, for good by the server, or given up (`null`). */
  close: [Closing | null];
};

/** A transport as `protoo.Peer` asks for it. */
export class ReconnectingSocket extends Emitter<SocketEvents> {
  readonly #url: string;
  readonly #options: SocketOptions;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #troubleSince = Date.now();
  #closed = false;

  constructor(url: string, options: SocketOptions = DEFAULT_SOCKET_OPTIONS) {
    super();
    this.#url = url;
    this.#options = options;
    this.#connect();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Say that the connection does what it should: the next loss begins with short waits again. */
  healthy(): void {
    this.#attempt = 0;
    this.#troubleSince = 0;
  }

  /** Send one message; rejects when there is no open connection, as protoo expects. */
  async send(message: unknown): Promise<void> {
    if (this.#socket?.readyState !== WebSocket.OPEN) throw new Error("not connected");
    this.#socket.send(JSON.stringify(message));
  }

  /** Drop the connection that there is and make another. */
  reconnect(reason: string): void {
    if (this.#closed || !this.#socket) return;
    const wasOpen = this.#socket.readyState === WebSocket.OPEN;
    this.#drop();
    this.#lost(wasOpen, { code: 1006, reason });
  }

  close(): void {
    this.#drop();
    this.#finish({ code: 1000, reason: "closed here" });
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, "protoo");
    this.#socket = socket;
    let wasOpen = false;
    this.#timer = setTimeout(() => this.reconnect("no connection in time"), this.#options.connectTimeout);
    socket.onopen = () => {
      wasOpen = true;
      clearTimeout(this.#timer);
      this.emit("open");
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => {
      this.#drop();
      if (wasOpen && code === CLOSED_FOR_GOOD) this.#finish({ code, reason });
      else this.#lost(wasOpen, { code, reason });
    };
  }

  #received(data: unknown): void {
    let message: unknown;
    try {
      message = JSON.parse(String(data));
    } catch (error) {
      console.warn("the server sent something that is not JSON", error);
      return;
    }
    this.emit("message", message);
  }

  #lost(wasOpen: boolean, closing: Closing): void {
    this.#attempt += 1;
    this.#troubleSince ||= Date.now();
    if (wasOpen) this.emit("disconnected", closing);
    else this.emit("failed", this.#attempt);
    if (this.#closed) return;
    if (Date.now() - this.#troubleSince >= this.#options.giveUpAfter) this.#finish(null);
    else this.#timer = setTimeout(() => this.#connect(), this.#delay());
  }

  #delay(): number {
    const longest = Math.min(this.#options.firstDelay * 2 ** (this.#attempt - 1), this.#options.longestDelay);
    return longest * (0.5 + Math.random() / 2);
  }

  /** Let go of the socket, deaf to whatever it still says. */
  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #finish(closing: Closing | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.emit("close", closing);
  }
}
