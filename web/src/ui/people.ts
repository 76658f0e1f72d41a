/** Everyone in a call as the page shows them: you first. */

import {
  mediaFor,
  type CallState,
  type ConnectionQuality,
  type LocalState,
  type RemoteMedia,
} from "@connect/client";

/** A video to show. */
export interface Picture {
  readonly track: MediaStreamTrack;
  /** Whose reception follows how it is shown; null for one's own, which is not received. */
  readonly producerId: string | null;
  /** The server holds it back for now, as others spoke more recently. */
  readonly suspended: boolean;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly self: boolean;
  /** The picture, when there is one to see. */
  readonly camera: Picture | null;
  readonly muted: boolean;
  readonly screen: Picture | null;
  readonly speaking: boolean;
  /** The place among the raised hands, from 1; null when it is not raised. */
  readonly hand: number | null;
  /** As in the call's state: null where there are no roles. */
  readonly role: string | null;
  /** Null until the server has judged it. */
  readonly quality: ConnectionQuality | null;
}

export function peopleIn(state: CallState, local: LocalState): Person[] {
  const others = state.peers.map((peer): Person => {
    const camera = mediaFor(peer, "camera");
    const microphone = mediaFor(peer, "microphone");
    return {
      id: peer.id,
      name: peer.displayName,
      role: peer.role ?? null,
      self: false,
      camera: camera && !camera.paused ? received(camera) : null,
      muted: !microphone || microphone.paused,
      screen: received(mediaFor(peer, "screen_share")),
      speaking: state.activeSpeaker === peer.id && microphone?.paused === false,
      ...standing(state, peer.id),
    };
  });
  const you: Person = {
    id: state.peerId,
    name: state.displayName,
    role: state.role,
    self: true,
    camera: own(local.camera.track),
    muted: !local.microphone.on,
    screen: own(local.screen.track),
    speaking: state.activeSpeaker === state.peerId && local.microphone.on,
    ...standing(state, state.peerId),
  };
  return [you, ...others];
}

/** Those with raised hands first, in the order in which they raised them. */
export function handsFirst(people: readonly Person[]): Person[] {
  const place = ({ hand }: Person) => hand ?? Number.MAX_SAFE_INTEGER;
  return [...people].sort((one, other) => place(one) - place(other));
}

function standing({ hands, qualities }: CallState, id: string): Pick<Person, "hand" | "quality"> {
  const place = hands.findIndex(({ peerId }) => peerId === id);
  return { hand: place < 0 ? null : place + 1, quality: qualities[id] ?? null };
}

function received(media: RemoteMedia | undefined): Picture | null {
  return media ? { track: media.track, producerId: media.producerId, suspended: media.suspended } : null;
}

function own(track: MediaStreamTrack | null): Picture | null {
  return track && { track, producerId: null, suspended: false };
}
