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

import { deviceInfo } from "./browser.js";
import type { CallEvents, CallOptions } from "./call-options.js";
import { initialState, NOBODY_HERE, roomUpdated, welcomed, type CallState } from "./call-state.js";
import type { ChannelOptions, DataChannel } from "./data-channel.js";
import { diagnose, diagnosisOf } from "./diagnose.js";
import type { Address, Door } from "./door.js";
import { Emitter } from "./emitter.js";
import { CallError, ConnectionLostError } from "./errors.js";
import type { LocalMedia } from "./local-media.js";
import { Meeting } from "./meeting.js";
import { Moderation } from "./moderation.js";
import {
  BROWSER_UNSUPPORTED,
  closedForGoodProblem,
  connectionLostProblem,
  describe,
  MEDIA_BLOCKED,
  roomClosedProblem,
  SERVER_UNREACHABLE,
  type Problem,
} from "./problem.js";
import { Pulse } from "./pulse.js";
import type { CallTotals } from "./rtc-stats.js";
import { Session } from "./session.js";
import { Signaling } from "./signaling.js";
import { isForGood, ReconnectingSocket, type Closing } from "./socket.js";
import { Store } from "./store.js";
import type { ReceiveStats } from "./subscriber.js";
import { Subscriptions } from "./subscriptions.js";
import type { Actor, ServerNotification, ServerRequest, Source, Welcome } from "./wire.js";

/** How long the server has for closing the socket after it closed the room, in ms. */
const CLOSING_TIMEOUT = 3_000;

export class Call extends Emitter<CallEvents> {
  readonly state: Store<CallState>;
  readonly media: LocalMedia;
  /** Chat, reactions, hands, metadata, data for programs. */
  readonly meeting: Meeting;
  /** For moderators: what they may do to others, and those who wait. */
  readonly moderation: Moderation;
  /** What is received of the others' media. */
  readonly subscriptions: Subscriptions;
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
    new Pulse(this.#socket, () => this.#signaling.request("getIceServers", {}));
    this.meeting = new Meeting(this.state, this.#signaling);
    this.moderation = new Moderation(this.state, media, this.#signaling);
    this.subscriptions = new Subscriptions(this.state, this.#signaling);
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

  /**
   * Open a data channel to the others; what they send on theirs comes as the event `data`.
   *
   * @throws {CallError} the server refused
   * @throws {ConnectionLostError} there is no connection, or it ended meanwhile
   */
  openChannel(label: string, options: ChannelOptions = {}): Promise<DataChannel> {
    return this.#session?.openChannel(label, options) ?? Promise.reject(new ConnectionLostError());
  }

  /** What arrives from the others, one entry for each of their tracks: for diagnosis and tests. */
  receiveStats(): Promise<ReceiveStats[]> {
    return this.#session?.receiveStats() ?? Promise.resolve([]);
  }

  /** The browser's statistics of what is sent, by source: for diagnosis and tests. */
  sendStats(): Promise<Map<Source, RTCStatsReport>> {
    return this.#session?.sendStats() ?? Promise.resolve(new Map());
  }

  /** What has come and gone since each track began; {@link StatsMonitor} makes something of it. */
  totals(): Promise<CallTotals> {
    return this.#session?.totals() ?? Promise.resolve({ received: {}, sent: {} });
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
    this.state.update(welcomed(this.state.get(), welcome));
    this.meeting.joined(welcome);
    this.subscriptions.joined();
    this.#publish();
  }

  #newSession(): Session {
    this.#session?.close();
    const { door, media, socketOptions, ...sessionOptions } = this.#options;
    const options = {
      ...sessionOptions,
      displayName: this.state.get().displayName,
      deviceInfo: deviceInfo(),
      iceServers: this.#door.iceServers,
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
    const { status } = this.state.get();
    const problem = connectionLostProblem(reason);
    // Before the others are gone: it is not they who left.
    if (status === "joined") this.state.update({ status: "reconnecting", problem });
    else if (status === "waiting") this.state.update({ problem });
    this.#dropSession();
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
      case "downlinkBwe":
        return this.state.update({ downlinkBitrate: data.availableBitrate });
      case "roomUpdated":
        return this.state.update(roomUpdated(this.state.get(), data));
      case "roomClosed":
        return this.#roomClosed(data);
    }
    this.#session?.handleNotification(notification);
    this.meeting.handle(notification);
    this.moderation.handle(notification);
    if (method === "permissionsChanged") this.#publish();
  }

  #admitted(): void {
    if (this.state.get().status === "waiting" && this.#session) void this.#join(this.#session);
  }

  /** The media is gone. The server closes the socket next, and its code says whether to come back. */
  #roomClosed({ reason, by }: { reason: string; by?: Actor | null }): void {
    this.#sentAwayBy = by?.name ?? null;
    this.state.update({ status: "reconnecting", problem: roomClosedProblem(reason) });
    this.#dropSession();
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
    this.subscriptions.close();
    this.#dropSession();
    this.#socket.close();
  }
}
