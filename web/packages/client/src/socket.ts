/**
 * The websocket under protoo, which reconnects by itself.
 *
 * protoo-client brings one too. This one also tells why the server closed, comes back at once after a loss and then with
 * more and more patience, and gives up after a set time.
 */

import type { Address } from "./door.js";
import { Emitter } from "./emitter.js";
import { onNetworkChange } from "./network.js";

/** Code and reason of the server's close frame; 1006 when the connection just broke. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** Whether the server says by its close code not to come back: 4000 (replaced, ended) to 4099. */
export function isForGood({ code }: Closing): boolean {
  return code >= 4000 && code <= 4099;
}

export interface SocketOptions {
  /** How long an attempt may take, in ms. */
  readonly connectTimeout: number;
  /** How long to wait after the first attempt in vain, in ms; after the n-th it is n² times as long. */
  readonly firstDelay: number;
  /** The longest of these waits, in ms. */
  readonly longestDelay: number;
  /** How long to go on trying, in ms. */
  readonly giveUpAfter: number;
}

export const DEFAULT_SOCKET_OPTIONS: SocketOptions = {
  connectTimeout: 10_000,
  firstDelay: 300,
  longestDelay: 10_000,
  giveUpAfter: 60_000,
};

/** How much longer or shorter a wait may be: a thousand clients of a restarted server must not all return at once. */
const JITTER = 0.2;

/** Says to the server that this is not the end: who closes without a code leaves. */
const COMING_BACK = 4900;

export type SocketEvents = {
  open: [];
  message: [unknown];
  /** An attempt to connect failed; another follows. `error` is set when there was no address to connect to. */
  failed: [attempt: number, error?: unknown];
  /** An open connection was lost; an attempt follows. */
  disconnected: [Closing];
  /** It is over: closed here, for good by the server, or given up (`null`). */
  close: [Closing | null];
};

/** A transport as `protoo.Peer` asks for it. */
export class ReconnectingSocket extends Emitter<SocketEvents> {
  readonly #address: Address | (() => Promise<Address>);
  readonly #options: SocketOptions;
  readonly #unwatchNetwork: () => void;
  #socket: WebSocket | null = null;
  /** What tells the attempt that waits for its address from those given up; null when none does. */
  #asking: object | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #troubleSince = Date.now();
  #closed = false;

  /** @param address where to connect; a token may have to be asked for before each attempt */
  constructor(address: Address | (() => Promise<Address>), options: SocketOptions = DEFAULT_SOCKET_OPTIONS) {
    super();
    this.#address = address;
    this.#options = options;
    this.#unwatchNetwork = onNetworkChange(() => this.#hurry());
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
    if (this.#closed || !(this.#socket ?? this.#asking)) return;
    const wasOpen = this.#socket?.readyState === WebSocket.OPEN;
    this.#drop(COMING_BACK);
    this.#lost(wasOpen, { code: 1006, reason });
  }

  close(): void {
    this.#drop();
    this.#finish({ code: 1000, reason: "closed here" });
  }

  /** There is a network now: an attempt over the one before may hang, and a wait is in vain. */
  #hurry(): void {
    if (this.#closed || this.#socket?.readyState === WebSocket.OPEN) return;
    this.#drop();
    this.#attempt = 0;
    this.#connect();
  }

  #connect(): void {
    this.#timer = setTimeout(() => this.reconnect("no connection in time"), this.#options.connectTimeout);
    if (typeof this.#address !== "function") return this.#open(this.#address);
    const asking = (this.#asking = {});
    this.#address().then(
      (address) => this.#asking === asking && this.#open(address),
      (error: unknown) => {
        if (this.#asking !== asking) return;
        this.#drop();
        this.#lost(false, { code: 1006, reason: "no address" }, error);
      },
    );
  }

  #open({ url, token }: Address): void {
    this.#asking = null;
    // Pages can't set headers of websockets, but subprotocols; the server answers with the first.
    const socket = new WebSocket(url, token === null ? ["protoo"] : ["protoo", `bearer.${token}`]);
    this.#socket = socket;
    let wasOpen = false;
    socket.onopen = () => {
      wasOpen = true;
      clearTimeout(this.#timer);
      this.emit("open");
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => {
      this.#drop();
      if (wasOpen && isForGood({ code, reason })) this.#finish({ code, reason });
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

  #lost(wasOpen: boolean, closing: Closing, error?: unknown): void {
    this.#attempt += 1;
    this.#troubleSince ||= Date.now();
    if (wasOpen) this.emit("disconnected", closing);
    else this.emit("failed", this.#attempt, error);
    if (this.#closed) return;
    if (Date.now() - this.#troubleSince >= this.#options.giveUpAfter) this.#finish(null);
    else this.#timer = setTimeout(() => this.#connect(), this.#delay());
  }

  #delay(): number {
    const delay = this.#options.firstDelay * (this.#attempt - 1) ** 2;
    return Math.min(delay * (1 - JITTER + 2 * JITTER * Math.random()), this.#options.longestDelay);
  }

  /** Let go of the socket, deaf to whatever it still says. */
  #drop(code = 1000): void {
    clearTimeout(this.#timer);
    this.#asking = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  #finish(closing: Closing | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatchNetwork();
    this.emit("close", closing);
  }
}
