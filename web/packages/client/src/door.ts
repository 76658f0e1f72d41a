/** The way into a room: where its websocket is, as whom, and with which token. */

/** What the server gives to one who may enter: the answer to `join`. */
export interface Pass {
  readonly token: string;
  readonly peerId: string;
  /** The websocket's address, without a query. */
  readonly url: string;
  /** Another way to the same room, for when that one leads nowhere. */
  readonly fallbackUrl?: string;
  /** ISO 8601, by the server's clock. */
  readonly expiresAt: string;
  readonly iceServers?: readonly RTCIceServer[];
  /** What people call the room; null when it has no name but its id. */
  readonly room?: { readonly name: string } | null;
}

/** Where to connect, and what to show there. */
export interface Address {
  readonly url: string;
  readonly token: string | null;
}

export interface DoorOptions {
  readonly roomId: string;
  /** Asks for a pass. Without it there is no token, which open rooms need none of. */
  readonly enter?: () => Promise<Pass>;
  /** Who you are to the server when there is no pass to say it; a random one by default. */
  readonly peerId?: string;
  /** Where the server is, when there is no pass to say it; the page's own origin by default. */
  readonly origin?: string;
}

/**
 * Keeps its pass as long as the pass is good, from one connection and one call to the next: whoever was let in comes
 * back as the same person, also while the server's database is away.
 */
export class Door {
  readonly roomId: string;
  readonly #options: DoorOptions;
  readonly #peerId: string;
  #pass: Pass | null = null;
  /** Whether the server has let somebody in with this pass. */
  #proven = false;
  /** The websocket to which the server has sent us; null if it has not. */
  #sentTo: string | null = null;
  /** Whether the way that goes first led nowhere the last time. */
  #detour = false;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.roomId = options.roomId;
    this.#peerId = options.peerId ?? randomId();
  }

  get peerId(): string {
    return this.#pass?.peerId ?? this.#peerId;
  }

  /** What people call the room, as far as that is known at the door. */
  get roomName(): string {
    return this.#pass?.room?.name || this.roomId;
  }

  /** Servers that help media through firewalls. */
  get iceServers(): readonly RTCIceServer[] {
    return this.#pass?.iceServers ?? [];
  }

  /**
   * Give the address to connect to. The token is no part of the URL: browsers and proxies log those.
   *
   * @param resume the secret of a session to come back to, which is good once; it takes no other pass then
   * @throws whatever `enter` throws
   */
  async address(resume: string | null = null): Promise<Address> {
    const { enter, origin } = this.#options;
    if (enter && !(resume && this.#pass) && !isGood(this.#pass)) {
      this.#pass = await enter();
      this.#proven = this.#detour = false;
      this.#sentTo = null;
    }
    const anywhere = this.#pass ? (this.#pass.fallbackUrl ?? this.#pass.url) : new URL("/ws", origin ?? location.origin);
    const url = new URL((!this.#detour && (this.#sentTo ?? this.#pass?.url)) || anywhere);
    url.protocol = url.protocol.replace("http", "ws");
    const query = { roomId: this.roomId, peerId: this.peerId, ...(resume && { resume }) };
    url.search = new URLSearchParams(query).toString();
    return { url: url.href, token: this.#pass?.token ?? null };
  }

  /** Say that the server let us in. */
  opened(): void {
    this.#proven = true;
  }

  /** Say that nobody let us in where the last address leads: the next one leads another way, if there are two. */
  missed(): void {
    this.#detour = !this.#detour;
  }

  /** Go to this websocket from now on; null: whichever way leads to any server. */
  moveTo(url: string | null): void {
    this.#sentTo = url;
    this.#detour = url === null;
  }

  /** Say that the server does not take the pass. Returns whether another may help: this one was good before. */
  refused(): boolean {
    this.#pass = null;
    return this.#proven;
  }
}

/** A clock of this machine that runs apart does no harm: the server refuses what is not good, and another is asked for. */
function isGood(pass: Pass | null): boolean {
  return pass !== null && Date.now() < Date.parse(pass.expiresAt);
}

/** 16 random hexadecimal digits; unlike `randomUUID()` there is no need for a secure context. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
