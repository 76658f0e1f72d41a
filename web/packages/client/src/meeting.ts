/** What people and programs in a call tell each other: chat, reactions, raised hands, metadata, data. */

import type { CallState } from "./call-state.js";
import { Emitter } from "./emitter.js";
import { ConnectionLostError } from "./errors.js";
import type { Signaling } from "./signaling.js";
import type { Store } from "./store.js";
import type { ServerNotification, Welcome } from "./wire.js";
import type { ChatMessage, Hand, Reaction, SelfDescription, TopicMessage } from "./wire-values.js";

/** So many messages are kept; then the oldest is forgotten. */
const MAX_CHAT = 500;

export type MeetingEvents = {
  /** Somebody said something: just now, or while there was no connection. Not what was said before one came. */
  chat: [ChatMessage];
  reaction: [Reaction];
  /** A program sent something to this one, over the websocket. */
  data: [TopicMessage];
};

/**
 * Every method that asks the server throws `CallError` when it refuses (`too_many_requests`: slower, please) and
 * `ConnectionLostError` when the connection ends before its answer. What comes of it for everyone is in `state` and events.
 */
export class Meeting extends Emitter<MeetingEvents> {
  /** What holds as long as the call, also where a connection, or the whole server, is lost meanwhile. */
  #handIsUp = false;
  #description: SelfDescription = {};
  #wasHere = false;

  constructor(
    private readonly state: Store<CallState>,
    private readonly signaling: Signaling,
  ) {
    super();
  }

  /** Say something to everyone, up to 2000 characters. Shows up in `state.chat` like the others' messages. */
  async say(text: string): Promise<void> {
    await this.signaling.request("sendChatMessage", { text });
  }

  /** Show everyone something for a moment, up to 32 characters. */
  async react(reaction: string): Promise<void> {
    await this.signaling.request("sendReaction", { reaction });
  }

  async raiseHand(): Promise<void> {
    await this.signaling.request("raiseHand", {});
    this.#handIsUp = true;
  }

  async lowerHand(): Promise<void> {
    this.#handIsUp = false;
    await this.signaling.request("lowerHand", {});
  }

  /** Go by another name from now on, where the token lets you choose one. */
  async rename(displayName: string): Promise<void> {
    await this.signaling.request("changeDisplayName", { displayName });
    this.state.update({ displayName });
  }

  /** Change what you say of yourself to the others' programs: `metadata`, and some of the `attributes`. */
  async describe(changes: SelfDescription): Promise<void> {
    await this.signaling.request("updateMetadata", changes);
    const attributes = { ...this.#description.attributes, ...changes.attributes };
    this.#description = { ...this.#description, ...changes, ...(changes.attributes && { attributes }) };
  }

  /** Send a text of up to 15 KiB to the programs of all others, or to those with the ids `to`: reliably, in order. */
  async sendData(topic: string, payload: string, { to }: { to?: readonly string[] } = {}): Promise<void> {
    await this.signaling.request("sendData", { topic, payload, ...(to && { to }) });
  }

  /** Take over what was said and raised before one came, or came again. */
  joined(welcome: Welcome): void {
    const news = this.#takeOver(welcome);
    if (this.#wasHere) this.#tell(news);
    this.#wasHere = true;
    if (this.#handIsUp && !this.#handIsRaised()) this.#again(this.raiseHand());
    if (Object.keys(this.#description).length) this.#again(this.describe(this.#description));
  }

  /** Take over what was said and raised while there was no connection. A hand may have been lowered by a moderator. */
  resumed(welcome: Welcome): void {
    const news = this.#takeOver(welcome);
    this.#handIsUp = this.#handIsRaised();
    this.#tell(news);
  }

  /** Returns the messages that were not known. */
  #takeOver({ chat = [], hands = [] }: Welcome): ChatMessage[] {
    const before = this.state.get().chat;
    const told = new Set(chat.map(({ id }) => id));
    const known = new Set(before.map(({ id }) => id));
    // What was seen before a lost connection may be older than what the server remembers.
    const older = before.filter(({ id }) => !told.has(id));
    this.state.update({ chat: [...older, ...chat].slice(-MAX_CHAT), hands });
    return chat.filter(({ id }) => !known.has(id));
  }

  #tell(news: ChatMessage[]): void {
    for (const message of news) this.emit("chat", message);
  }

  #handIsRaised(): boolean {
    const { hands, peerId } = this.state.get();
    return hands.some((hand) => hand.peerId === peerId);
  }

  /** Nobody waits for what is told to a new connection; what gets lost with that one, too, is told to the next. */
  #again(told: Promise<void>): void {
    told.catch((error: unknown) => {
      if (!(error instanceof ConnectionLostError)) console.warn("what held before the connection was lost is refused", error);
    });
  }

  handle({ method, data }: ServerNotification): void {
    switch (method) {
      case "chatMessage":
        return this.#said(data);
      case "reaction":
        return this.emit("reaction", data);
      case "dataMessage":
        return this.emit("data", data);
      case "handRaised":
        return this.state.update({ hands: [...this.#handsBut(data.peerId), data] });
      case "handLowered":
        if (data.peerId === this.state.get().peerId) this.#handIsUp = false;
        return this.state.update({ hands: this.#handsBut(data.peerId) });
      case "peerClosed":
        return this.#gone(data.peerId);
      case "peerUpdated": {
        const { peerId, metadata, attributes, displayName } = data;
        if (peerId === this.state.get().peerId) this.state.update({ metadata, attributes, displayName });
        return;
      }
      case "audioLevels":
        return this.state.update({
          audioLevels: Object.fromEntries(data.levels.map(({ peerId, volume }) => [peerId, volume])),
        });
      case "connectionQuality": {
        const changed = data.peers.map(({ peerId, quality }) => [peerId, quality]);
        return this.state.update({ qualities: { ...this.state.get().qualities, ...Object.fromEntries(changed) } });
      }
    }
  }

  #said(message: ChatMessage): void {
    this.state.update({ chat: [...this.state.get().chat, message].slice(-MAX_CHAT) });
    this.emit("chat", message);
  }

  #gone(peerId: string): void {
    const { [peerId]: _, ...qualities } = this.state.get().qualities;
    this.state.update({ hands: this.#handsBut(peerId), qualities });
  }

  #handsBut(peerId: string): Hand[] {
    return this.state.get().hands.filter((hand) => hand.peerId !== peerId);
  }
}
