/** The stay in a room, over one connection after another: a session that is joined, resumed, or else joined anew. */

import { CallError, ConnectionLostError } from "./errors.js";
import { describe } from "./problem.js";
import { Session, type SessionEvents, type SessionOptions } from "./session.js";
import type { Signaling } from "./signaling.js";
import type { ServerNotification, ServerRequest, Welcome } from "./wire.js";

/** How one came in. Who is `resumed` was never gone for the others, who is `rejoined` was. */
export type Entry = "joined" | "resumed" | "rejoined";

export interface StayEvents extends Omit<SessionEvents, "onBroken" | "onHopeless"> {
  onEntered(welcome: Welcome, how: Entry): void;
  /** Joining failed, otherwise than by a lost connection. */
  onJoinFailed(error: unknown): void;
  /** The session is over, and what was known by it. */
  onOver(): void;
  /** It takes another connection to go on. */
  onBroken(reason: string): void;
}

export class Stay {
  #session: Session | null = null;
  /** The one before it, in another server: its media flow until one has joined here. */
  #former: Session | null = null;
  /** Whether the others have seen one here. */
  #wasIn = false;

  constructor(
    private readonly signaling: Signaling,
    /** Gives what a session is made with. */
    private readonly options: () => SessionOptions,
    private readonly events: StayEvents,
  ) {}

  /** What there is at the moment, be it without connection; null when it is over, or has not begun. */
  get session(): Session | null {
    return this.#session;
  }

  /** There is a connection to the server: go on with the session that there is, or begin one. */
  enter(): void {
    if (this.#session?.resumeToken) void this.#resume(this.#session);
    else void this.#join(this.#begin());
  }

  /** Ask once more on the same connection: somebody opened the door. */
  enterAgain(): void {
    if (this.#session) void this.#join(this.#session);
  }

  /** The connection is lost. The session lasts if the server said how to come back to it. */
  hold(): void {
    if (this.#session?.resumeToken) this.#session.hold();
    else if (this.#former) this.#close();
    else this.end();
  }

  /** Join in another server next. What is there stays as it is until then; who has not joined just begins again. */
  move(): void {
    if (!this.#session?.resumeToken) return;
    this.#session.hold();
    this.#former = this.#session;
    this.#session = null;
  }

  end(): void {
    this.#close();
    this.#forget();
    this.events.onOver();
  }

  handle(notification: ServerNotification): void {
    this.#session?.handleNotification(notification);
  }

  async answer(
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

  #begin(): Session {
    this.#close();
    const session = new Session(this.signaling, this.options(), {
      ...this.events,
      // What becomes of a former one's media is no news.
      onMedia: (works) => this.#session === session && this.events.onMedia(works),
      onBroken: () => this.#session === session && this.events.onBroken("no way for media"),
      onHopeless: () => this.#session === session && this.#beginAnew("the media could not be made anew"),
    });
    return (this.#session = session);
  }

  async #join(session: Session): Promise<void> {
    let welcome: Welcome;
    try {
      welcome = await session.join();
    } catch (error) {
      // A lost connection is already on its way back.
      if (this.#session === session && !(error instanceof ConnectionLostError)) this.events.onJoinFailed(error);
      return;
    }
    if (this.#session !== session) return;
    this.#forget();
    this.events.onEntered(welcome, this.#wasIn ? "rejoined" : "joined");
    this.#wasIn = true;
  }

  async #resume(session: Session): Promise<void> {
    let welcome: Welcome;
    try {
      welcome = await session.resume();
    } catch (error) {
      if (this.#session === session && !(error instanceof ConnectionLostError)) this.#resumeFailed(error);
      return;
    }
    if (this.#session === session) this.events.onEntered(welcome, "resumed");
  }

  #resumeFailed(error: unknown): void {
    if (error instanceof CallError && error.errorName === "cannot_resume") {
      this.end();
      this.enter();
    } else {
      console.warn("could not resume", error);
      this.#beginAnew("could not resume");
    }
  }

  #close(): void {
    this.#session?.close();
    this.#session = null;
  }

  #forget(): void {
    this.#former?.close();
    this.#former = null;
  }

  /** Join anew over another connection: the server takes this one for that of the session. */
  #beginAnew(reason: string): void {
    this.#session?.close();
    this.events.onBroken(reason);
  }
}
