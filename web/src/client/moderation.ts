/** Moderation from both sides: what moderators do to you, and who waits for you if you are one. */

import type { CallState } from "./call-state";
import type { LocalMedia } from "./local-media";
import type { Signaling } from "./signaling";
import type { Store } from "./store";
import type { Actor, LobbyPeer, ServerNotification, Source } from "./wire";

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

  #permitted({ permissions, by }: Of<"permissionsChanged">): void {
    const { lobby } = this.state.get();
    this.state.update({ permissions, lobby: permissions.roomAdmin ? lobby : [] });
    this.#notice(`${by?.name ?? "A moderator"} changed what you may do in this call.`);
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
