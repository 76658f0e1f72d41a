/**
 * A call: joins a room, stays in it over lost connections and restarted servers, and leaves it.
 *
 * ```ts
 * const media = new LocalMedia();
 * await media.open();
 * const door = new Door({ roomId: "garden" });
 * const call = new Call({ door, displayName: "Ada", media });
 * call.state.subscribe(() => show(call.state.get()));
 * …
 * call.leave();
 * ```
 */

import type { types } from "mediasoup-client";

import { deviceInfo } from "./browser";
import { initialState, NOBODY_HERE, type CallState } from "./call-state";
import { diagnose, diagnosisOf } from "./diagnose";
import type { Address, Door } from "./door";
import { Emitter } from "./emitter";
import { CallError, ConnectionLostError } from "./errors";
import type { LocalMedia } from "./local-media";
import { Moderation } from "./moderation";
import {
  BROWSER_UNSUPPORTED,
  closedForGoodProblem,
  connectionLostProblem,
  describe,
  MEDIA_BLOCKED,
  roomClosedProblem,
  SERVER_UNREACHABLE,
  type Problem,
} from "./problem";
import { Session, type DataMessage } from "./session";
import { Signaling } from "./signaling";
import { isForGood, ReconnectingSocket, type Closing, type SocketOptions } from "./socket";
import { Store } from "./store";
import type { ReceiveStats } from "./subscriber";
import {
  DEFAULT_PERMISSIONS,
  type Actor,
  type ServerNotification,
  type ServerRequest,
  type Source,
  type Welcome,
} from "./wire";

/** How long the server has for closing the socket after it closed the room, in ms. */
const CLOSING_TIMEOUT = 3_000;

export interface CallOptions {
  /** The way in. */
  readonly door: Door;
  readonly displayName: string;
  /** Your sources. The call sends what is on, and leaves it to you to open and stop them. */
  readonly media: LocalMedia;
  readonly socketOptions?: SocketOptions;
  readonly createDevice?: () => Promise<types.Device>;
}

export type CallEvents = { data: [DataMessage] };

export class Call extends Emitter<CallEvents> {
  readonly state: Store<CallState>;
  readonly media: LocalMedia;
  /** For moderators: let in those who wait, or don't. */
  readonly moderation: Moderation;
  readonly #options: CallOptions;
  readonly #door: Door;
  /** Where the last attempt to connect went. */
  #address: Address | null = null;
  readonly #socket: ReconnectingSocket;
  readonly #signaling: Signaling;
  readonly #unwatchMedia: () => void;
  #session: Session | null = null;
  /** Who sends us away, told before the connection closes. */
  #sentAwayBy: string | null = null;
  #closingTimer: ReturnType<typeof setTimeout> | undefined;

  /** Start joining; `state` tells how it goes. */
  constructor(options: CallOptions) {
    super();
    const { door, displayName, media, socketOptions } = options;
    this.#options = options;
    this.#door = door;
    this.media = media;
    this.state = new Store<CallState>(initialState(door.roomId, door.peerId, displayName));
    this.#socket = new ReconnectingSocket(() => this.#findDoor(), socketOptions);
    this.#signaling = new Signaling(this.#socket);
    this.moderation = new Moderation(this.state, media, this.#signaling);
    this.#unwatchMedia = media.state.subscribe(() => this.#publish());
    this.#socket.on("open", () => this.#opened());
    this.#socket.on("failed", (_attempt, error) => void this.#connectFailed(error));
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

  async #findDoor(): Promise<Address> {
    this.#address = await this.#door.address();
    return this.#address;
  }

  #opened(): void {
    this.#door.opened();
    this.state.update({ peerId: this.#door.peerId, roomName: this.#door.roomName });
    void this.#join(this.#newSession());
  }

  async #join(session: Session): Promise<void> {
    let welcome: Welcome;
    try {
      welcome = await session.join();
    } catch (error) {
      if (this.#session === session) this.#joinFailed(error);
      return;
    }
    if (this.#session !== session) return;
    this.#socket.healthy();
    const { roomName } = this.state.get();
    const { permissions = DEFAULT_PERMISSIONS } = welcome;
    this.state.update({ status: "joined", problem: null, permissions, roomName: welcome.roomName || roomName });
    this.#publish();
  }

  #newSession(): Session {
    this.#session?.close();
    const { createDevice } = this.#options;
    const options = {
      displayName: this.state.get().displayName,
      deviceInfo: deviceInfo(),
      iceServers: this.#door.iceServers,
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
    const { status, permissions } = this.state.get();
    if (status === "joined") this.#session?.publish(this.media.state.get(), permissions);
  }

  #joinFailed(error: unknown): void {
    if (error instanceof ConnectionLostError) return; // The socket is already on its way back.
    if (error instanceof CallError && error.errorName === "in_lobby") return this.#wait();
    if (error instanceof Error && error.name === "UnsupportedError") return this.#end(BROWSER_UNSUPPORTED);
    console.warn("could not join", error);
    const { problem, final } = diagnosisOf(error);
    if (final) return this.#end(problem);
    this.state.update({ problem });
    this.#socket.reconnect("could not join");
  }

  /** The connection does what it should; `admitted` is what is waited for. */
  #wait(): void {
    this.#socket.healthy();
    this.state.update({ status: "waiting", problem: null });
  }

  /** Say why there is no connection, and end if trying again is useless. `error`: the door's, if that is closed. */
  async #connectFailed(error: unknown): Promise<void> {
    // The browser doesn't tell why a websocket was refused: ask.
    const { problem, status, final } =
      this.#address && !error ? await diagnose(this.#address) : diagnosisOf(error);
    // Meanwhile another attempt may have got through.
    if (this.#session || this.#socket.closed) return;
    const worthAnotherPass = status === 401 && !error && this.#door.refused();
    if (final && !worthAnotherPass) this.#end(problem);
    else this.state.update({ problem });
  }

  /** The connection is gone, and with it this stay in the room. */
  #fellOut({ reason }: Closing): void {
    this.#dropSession();
    const { status } = this.state.get();
    const problem = connectionLostProblem(reason);
    if (status === "joined") this.state.update({ status: "reconnecting", problem });
    else if (status === "waiting") this.state.update({ problem });
  }

  #closed(closing: Closing | null): void {
    const { problem } = this.state.get();
    if (closing && isForGood(closing)) this.#end(closedForGoodProblem(closing.reason, this.#sentAwayBy));
    else this.#end(problem ?? SERVER_UNREACHABLE);
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
    switch (method) {
      case "mediasoup-version":
        return this.state.update({ mediasoup: data.version });
      case "admitted":
        return this.#admitted();
      case "removed":
        this.#sentAwayBy = data.by?.name ?? null;
        return;
      case "roomUpdated":
        return this.state.update({ roomName: data.name || this.state.get().roomId });
      case "roomClosed":
        return this.#roomClosed(data);
    }
    this.#session?.handleNotification(notification);
    this.moderation.handle(notification);
    if (method === "permissionsChanged") this.#publish();
  }

  #admitted(): void {
    if (this.state.get().status === "waiting" && this.#session) void this.#join(this.#session);
  }

  /** The media is gone. The server closes the socket next, and its code says whether to come back. */
  #roomClosed({ reason, by }: { reason: string; by?: Actor | null }): void {
    this.#sentAwayBy = by?.name ?? null;
    this.#dropSession();
    this.state.update({ status: "reconnecting", problem: roomClosedProblem(reason) });
    this.#closingTimer = setTimeout(() => this.#socket.reconnect("the room was closed"), CLOSING_TIMEOUT);
  }

  #publishFailed(source: Source, error: unknown): void {
    // Your own buttons shall tell the truth.
    if (error instanceof CallError && error.status === 403) void this.media.turnOff(source);
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
    this.state.update(NOBODY_HERE);
  }

  #end(problem: Problem | null): void {
    if (this.state.get().status === "ended") return;
    this.state.update({ status: "ended", problem });
    this.#unwatchMedia();
    this.#dropSession();
    this.#socket.close();
  }
}
