/** Moderation from both sides: what moderators do to you, and who waits for you if you are one. */

import type { CallState } from "./call-state.js";
import { ConnectionLostError } from "./errors.js";
import type { LocalMedia } from "./local-media.js";
import { describe } from "./problem.js";
import type { Signaling } from "./signaling.js";
import type { Store } from "./store.js";
import type { Actor, LobbyPeer, ServerNotification, Source } from "./wire.js";
import type { RoomChanges } from "./wire-values.js";

export class Moderation {
  constructor(
    private readonly state: Store<CallState>,
    private readonly media: LocalMedia,
    private readonly signaling: Signaling,
  ) {}

  /**
   * Let in somebody who waits in the lobby. As the others here, for moderators only.
   *
   * @throws {CallError} the server refused; most likely the one who waited has left
   * @throws {ConnectionLostError} the connection ended before the answer
   */
  async admit(peerId: string): Promise<void> {
    await this.signaling.request("moderator:admitPeer", { peerId });
  }

  async admitAll(): Promise<void> {
    await this.signaling.request("moderator:admitAll", {});
  }

  /** Send away somebody who waits in the lobby. */
  async reject(peerId: string): Promise<void> {
    await this.signaling.request("moderator:rejectPeer", { peerId });
  }

  /** Mute one of a peer's producers, or all that can be heard of it. */
  async mute(peerId: string, producerId?: string): Promise<void> {
    await this.signaling.request("moderator:mutePeer", { peerId, ...(producerId && { producerId }) });
  }

  /** Let a peer unmute that may not do so by itself. */
  async unmute(peerId: string): Promise<void> {
    await this.signaling.request("moderator:unmutePeer", { peerId });
  }

  /** Mute everyone else. */
  async muteAll(): Promise<void> {
    await this.signaling.request("moderator:muteAll", {});
  }

  async stopVideo(peerId: string): Promise<void> {
    await this.signaling.request("moderator:stopVideo", { peerId });
  }

  async stopScreenShare(peerId: string): Promise<void> {
    await this.signaling.request("moderator:stopScreenShare", { peerId });
  }

  /** Send somebody away who may come in again. */
  async remove(peerId: string): Promise<void> {
    await this.signaling.request("moderator:removePeer", { peerId });
  }

  /** Send somebody away for good. */
  async ban(peerId: string): Promise<void> {
    await this.signaling.request("moderator:banPeer", { peerId });
  }

  async lowerHand(peerId: string): Promise<void> {
    await this.signaling.request("moderator:lowerHand", { peerId });
  }

  async lowerAllHands(): Promise<void> {
    await this.signaling.request("moderator:lowerAllHands", {});
  }

  /** Lock the call, so that nobody new may enter, or unlock it. */
  async lock(locked = true): Promise<void> {
    await this.signaling.request(locked ? "moderator:lockRoom" : "moderator:unlockRoom", {});
  }

  /** Change how this call is set up. */
  async updateRoom(changes: RoomChanges): Promise<void> {
    await this.signaling.request("moderator:updateRoom", changes);
  }

  /** Make somebody else the owner of the room, instead of you. */
  async transferOwnership(peerId: string): Promise<void> {
    await this.signaling.request("moderator:transferOwnership", { peerId });
  }

  /** End the call for everybody, you included: this is not answered. */
  closeRoom(): void {
    this.signaling.request("moderator:closeRoom", {}).catch((error: unknown) => {
      if (error instanceof ConnectionLostError) return;
      this.#notice(`The call could not be ended (${describe(error)}).`);
    });
  }

  /** Take note that somebody muted `source` while there was no connection. */
  mutedMeanwhile(source: Source): void {
    void this.media.turnOff(source);
    this.#notice(`A moderator turned your ${wordFor(source)} off while your connection was lost.`);
  }

  dismissNotice(): void {
    this.state.update({ notice: null });
  }

  handle({ method, data }: ServerNotification): void {
    switch (method) {
      case "lobbyPeer":
        return this.#waits(data);
      case "lobbyPeerClosed":
        return this.#waitsNoMore(data.peerId);
      case "permissionsChanged":
        return this.#permitted(data);
      case "mutedByModerator":
        return this.#muted(data);
      case "unmutedByModerator":
        return this.#notice(`${data.by.name} lets you turn your ${wordFor(data.source)} on again.`);
      case "producerClosed":
        return this.#stopped(data);
      case "handLowered":
        return this.#handLowered(data);
    }
  }

  /** Somebody came, or calls themselves otherwise now. */
  #waits(peer: LobbyPeer): void {
    const { lobby } = this.state.get();
    const known = lobby.some(({ peerId }) => peerId === peer.peerId);
    const renamed = lobby.map((other) => (other.peerId === peer.peerId ? peer : other));
    this.state.update({ lobby: known ? renamed : [...lobby, peer] });
  }

  #waitsNoMore(peerId: string): void {
    this.state.update({ lobby: this.state.get().lobby.filter((peer) => peer.peerId !== peerId) });
  }

  #permitted({ permissions, role, by }: Of<"permissionsChanged">): void {
    const { lobby, role: before, peerId } = this.state.get();
    this.state.update({ permissions, role: role ?? before, lobby: permissions.roomAdmin ? lobby : [] });
    // Who did it to themselves, as who gives away a room, knows.
    if (by?.peerId === peerId) return;
    const who = by?.name ?? "A moderator";
    if (role === "owner" && before !== "owner") this.#notice(`${who} made you the owner of this room.`);
    else this.#notice(`${who} changed what you may do in this call.`);
  }

  #muted({ source, mayUnmute, by }: Of<"mutedByModerator">): void {
    void this.media.turnOff(source);
    const until = mayUnmute ? "." : ", and only they can let you speak again.";
    this.#notice(source === "microphone" ? `${by.name} muted you${until}` : stopped(by, source));
  }

  #stopped({ source, reason, by }: Of<"producerClosed">): void {
    // Your own buttons shall tell the truth: nobody sees or hears it any more.
    void this.media.turnOff(source);
    // Why the permissions changed is told by itself.
    if (reason !== "permissions-changed") this.#notice(stopped(by, source));
  }

  #handLowered({ peerId, by }: Of<"handLowered">): void {
    if (peerId === this.state.get().peerId && by) this.#notice(`${by.name} lowered your hand.`);
  }

  #notice(notice: string): void {
    this.state.update({ notice });
  }
}

type Of<Method extends ServerNotification["method"]> = Extract<ServerNotification, { method: Method }>["data"];

function stopped(by: Actor | null, source: Source): string {
  return `${by?.name ?? "A moderator"} stopped your ${wordFor(source)}.`;
}

function wordFor(source: Source): string {
  return source.startsWith("screen_share") ? "screen share" : source;
}
