/**
 * A call: joins a room, stays in it over lost connections and restarted servers, and leaves it.
 *
 * ```ts
 * const media = new LocalMedia();
 * await media.open();
 * const call = new Call({ roomId: "garden", displayName: "Ada", media });
 * call.state.subscribe(() => show(call.state.get()));
 * …
 * call.leave();
 * ```
 */

import type { types } from "mediasoup-client";

import { deviceInfo } from "./browser";
import { diagnose } from "./diagnose";
import { Emitter } from "./emitter";
import { CallError, ConnectionLostError } from "./errors";
import type { LocalMedia } from "./local-media";
import {
  BROWSER_UNSUPPORTED,
  closedForGoodProblem,
  connectionLostProblem,
  describe,
  isTemporary,
  MEDIA_BLOCKED,
  refusalProblem,
  roomClosedProblem,
  SERVER_UNREACHABLE,
  type Problem,
} from "./problem";
import type { RemotePeer } from "./roster";
import { Session, type DataMessage } from "./session";
import { Signaling } from "./signaling";
import { CLOSED_FOR_GOOD, ReconnectingSocket, type Closing, type SocketOptions } from "./socket";
import { Store } from "./store";
import type { ReceiveStats } from "./subscriber";
import type { ServerNotification, ServerRequest, Source } from "./wire";

/** How long the server has for closing the socket after it closed the room, in ms. */
const CLOSING_TIMEOUT = 3_000;

export type CallStatus =
  /** On the way in for the first time. */
  | "connecting"
  | "joined"
  /** Was in, fell out, and is on the way back by itself. */
  | "reconnecting"
  /** Over: you left, or `problem` says why. */
  | "ended";

export type SendScores = { readonly [source in Source]?: number };

export interface CallState {
  readonly status: CallStatus;
  readonly roomId: string;
  readonly peerId: string;
  readonly displayName: string;
  /** The others, in the order in which they came. */
  readonly peers: readonly RemotePeer[];
  /** Who speaks: you, one of the others, or nobody. */
  readonly activeSpeaker: string | null;
  /** How well your sources arrive at the server, 0 (not at all) to 10; nothing for what it hasn't judged yet. */
  readonly sendScores: SendScores;
  /** Why it is not joined, or what does not work although it is. */
  readonly problem: Problem | null;
  /** The media server's version, once it said it. */
  readonly mediasoup: string | null;
}

export interface CallOptions {
  readonly roomId: string;
  readonly displayName: string;
  /** Your sources. The call sends what is on, and leaves it to you to open and stop them. */
  readonly media: LocalMedia;
  /** Who you are to the server; a random one by default. */
  readonly peerId?: string;
  /** Where the server is; the page's own origin by default. */
  readonly origin?: string;
  readonly socketOptions?: SocketOptions;
  readonly createDevice?: () => Promise<types.Device>;
}

export type CallEvents = { data: [DataMessage] };

export class Call extends Emitter<CallEvents> {
  readonly state: Store<CallState>;
  readonly media: LocalMedia;
  readonly #url: URL;
  readonly #options: CallOptions;
  readonly #socket: ReconnectingSocket;
  readonly #signaling: Signaling;
  readonly #unwatchMedia: () => void;
  #session: Session | null = null;
  #closingTimer: ReturnType<typeof setTimeout> | undefined;

  /** Start joining; `state` tells how it goes. */
  constructor(options: CallOptions) {
    super();
    const { roomId, displayName, media, peerId = randomId(), origin = location.origin } = options;
    this.#options = options;
    this.media = media;
    this.state = new Store<CallState>({
      status: "connecting",
      roomId,
      peerId,
      displayName,
      peers: [],
      activeSpeaker: null,
      sendScores: {},
      problem: null,
      mediasoup: null,
    });
    this.#url = new URL(`/ws?${new URLSearchParams({ roomId, peerId })}`, origin);
    this.#socket = new ReconnectingSocket(this.#url.href.replace(/^http/, "ws"), options.socketOptions);
    this.#signaling = new Signaling(this.#socket);
    this.#unwatchMedia = media.state.subscribe(() => this.#publish());
    this.#socket.on("open", () => void this.#join());
    this.#socket.on("failed", () => void this.#connectFailed());
    this.#socket.on("disconnected", (closing) => this.#fellOut(closing));
    this.#socket.on("close", (closing) => this.#closed(closing));
    this.#signaling.on("request", (request, accept, reject) => void this.#answer(request, accept, reject));
    this.#signaling.on("notification", (notification) => this.#notified(notification));
  }

  /** Leave the room. The sources stay as they are. */
  leave(): void {
    this.#end(null);
  }

  /** Take note of what does not work: forget the problem of a call that goes on. */
  dismissProblem(): void {
    if (this.state.get().status === "joined") this.state.update({ problem: null });
  }

  /** What arrives from the others, one entry for each of their tracks: for diagnosis and tests. */
  receiveStats(): Promise<ReceiveStats[]> {
    return this.#session?.receiveStats() ?? Promise.resolve([]);
  }

  /** The browser's statistics of what is sent, by source: for diagnosis and tests. */
  sendStats(): Promise<Map<Source, RTCStatsReport>> {
    return this.#session?.sendStats() ?? Promise.resolve(new Map());
  }

  async #join(): Promise<void> {
    const session = this.#newSession();
    try {
      await session.join();
    } catch (error) {
      if (this.#session === session) this.#joinFailed(error);
      return;
    }
    if (this.#session !== session) return;
    this.#socket.healthy();
    this.state.update({ status: "joined", problem: null });
    this.#publish();
  }

  #newSession(): Session {
    this.#session?.close();
    const { createDevice } = this.#options;
    const options = {
      displayName: this.state.get().displayName,
      deviceInfo: deviceInfo(),
      ...(createDevice && { createDevice }),
    };
    const session: Session = new Session(this.#signaling, options, {
      onPeers: (peers) => this.state.update({ peers }),
      onActiveSpeaker: (activeSpeaker) => this.state.update({ activeSpeaker }),
      onSendScore: (source, score) => {
        this.state.update({ sendScores: { ...this.state.get().sendScores, [source]: score } });
      },
      onData: (message) => this.emit("data", message),
      onRefused: (source, error) => this.#publishFailed(source, error),
      onMedia: (works) => this.#mediaWorks(works),
      onBroken: () => this.#socket.reconnect("no way for media"),
    });
    this.#session = session;
    return session;
  }

  #publish(): void {
    if (this.state.get().status === "joined") this.#session?.publish(this.media.state.get());
  }

  #joinFailed(error: unknown): void {
    if (error instanceof ConnectionLostError) return; // The socket is already on its way back.
    if (error instanceof Error && error.name === "UnsupportedError") return this.#end(BROWSER_UNSUPPORTED);
    console.warn("could not join", error);
    const problem =
      error instanceof CallError
        ? refusalProblem(error)
        : ({ code: "server_busy", message: `Joining failed (${describe(error)}).` } as const);
    if (!isTemporary(error)) return this.#end(problem);
    this.state.update({ problem });
    this.#socket.reconnect("could not join");
  }

  /** The browser doesn't tell why: ask, then end if trying again is useless, else say so. */
  async #connectFailed(): Promise<void> {
    const { problem, final } = await diagnose(this.#url);
    // Meanwhile another attempt may have got through.
    if (this.#session || this.#socket.closed) return;
    if (final) this.#end(problem);
    else this.state.update({ problem });
  }

  /** The connection is gone, and with it this stay in the room. */
  #fellOut({ reason }: Closing): void {
    this.#dropSession();
    if (this.state.get().status !== "joined") return;
    this.state.update({ status: "reconnecting", problem: connectionLostProblem(reason) });
  }

  #closed(closing: Closing | null): void {
    const { problem } = this.state.get();
    if (closing?.code !== CLOSED_FOR_GOOD) this.#end(problem ?? SERVER_UNREACHABLE);
    else this.#end(problem?.code === "room_closed" ? problem : closedForGoodProblem(closing.reason));
  }

  async #answer(
    request: ServerRequest,
    accept: () => void,
    reject: (status: number, reason: string) => void,
  ): Promise<void> {
    const session = this.#session;
    if (!session) return reject(503, "not in the room");
    try {
      await session.handleRequest(request);
      accept();
    } catch (error) {
      // The session ended meanwhile, and its connection with it: nobody waits for the answer.
      if (session !== this.#session) return;
      console.warn(`"${request.method}" of the server failed`, error);
      reject(500, describe(error));
    }
  }

  #notified(notification: ServerNotification): void {
    const { method, data } = notification;
    if (method === "mediasoup-version") this.state.update({ mediasoup: data.version });
    else if (method === "roomClosed") this.#roomClosed(data.reason);
    else this.#session?.handleNotification(notification);
  }

  /** The media is gone. The server closes the socket next, and its code says whether to come back. */
  #roomClosed(reason: string): void {
    this.#dropSession();
    this.state.update({ status: "reconnecting", problem: roomClosedProblem(reason) });
    this.#closingTimer = setTimeout(() => this.#socket.reconnect("the room was closed"), CLOSING_TIMEOUT);
  }

  #publishFailed(source: Source, error: unknown): void {
    const what = source.replaceAll("_", " ");
    const message = `Your ${what} can't be sent to the others (${describe(error)}).`;
    this.state.update({ problem: { code: "publish_failed", message } });
  }

  #mediaWorks(works: boolean): void {
    const { problem } = this.state.get();
    if (!works) this.state.update({ problem: MEDIA_BLOCKED });
    else if (problem === MEDIA_BLOCKED) this.state.update({ problem: null });
  }

  #dropSession(): void {
    clearTimeout(this.#closingTimer);
    this.#session?.close();
    this.#session = null;
    this.state.update({ peers: [], activeSpeaker: null, sendScores: {} });
  }

  #end(problem: Problem | null): void {
    if (this.state.get().status === "ended") return;
    this.state.update({ status: "ended", problem });
    this.#unwatchMedia();
    this.#dropSession();
    this.#socket.close();
  }
}

/** 16 random hexadecimal digits; unlike `randomUUID()` there is no need for a secure context. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
