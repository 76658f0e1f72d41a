/** Who is in the room, as immutable values that change only for the peers that changed. */

import type { RemoteMedia } from "./subscriber.js";
import type { PeerInfo, Source } from "./wire.js";

export interface RemotePeer extends PeerInfo {
  readonly media: readonly RemoteMedia[];
}

/** The newest track of `peer` for `source`, if it has one. */
export function mediaFor(peer: RemotePeer, source: Source): RemoteMedia | undefined {
  return peer.media.findLast((media) => media.source === source);
}

export class Roster {
  readonly #peers = new Map<string, RemotePeer>();

  /** Everyone, in the order in which they came. */
  list(): readonly RemotePeer[] {
    return [...this.#peers.values()];
  }

  /** Have these, and nobody else. */
  replace(infos: readonly PeerInfo[], mediaOf: (peerId: string) => readonly RemoteMedia[]): void {
    this.#peers.clear();
    for (const info of infos) this.add(info, mediaOf(info.id));
  }

  add(info: PeerInfo, media: readonly RemoteMedia[]): void {
    this.#peers.set(info.id, { ...info, media });
  }

  remove(peerId: string): void {
    this.#peers.delete(peerId);
  }

  /** Change what is known of a peer who is here; one who left meanwhile stays away. */
  change(peerId: string, changes: Partial<RemotePeer>): void {
    const peer = this.#peers.get(peerId);
    if (peer) this.#peers.set(peerId, { ...peer, ...changes });
  }
}
