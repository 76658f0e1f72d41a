/** One person, or one shared screen, in the grid. */

import { Avatar } from "./Avatar";
import { MicrophoneOffIcon, ScreenIcon } from "./icons";
import { Video } from "./media";

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly self: boolean;
  /** The picture, when there is one to see. */
  readonly camera: MediaStreamTrack | null;
  readonly muted: boolean;
  readonly screen: MediaStreamTrack | null;
  readonly speaking: boolean;
}

export function Tile({ person }: { person: Person }) {
  const { id, name, self, camera, muted, screen, speaking } = person;
  return (
    <li
      className="tile"
      data-testid="tile"
      data-peer-id={id}
      data-self={self}
      data-muted={muted}
      data-camera={camera ? "on" : "off"}
      data-screen={screen ? "on" : "off"}
      data-speaking={speaking}
    >
      {camera ? <Video track={camera} mirrored={self} /> : <Avatar name={name} id={id} />}
      <div className="label">
        {muted && <MicrophoneOffIcon title="Muted" />}
        <span data-testid="tile-name">{name}</span>
        {self && <span className="you">you</span>}
      </div>
    </li>
  );
}

/** What somebody shows. */
export function ScreenTile({ person, screen }: { person: Person; screen: MediaStreamTrack }) {
  return (
    <li className="tile screen" data-testid="screen-tile" data-peer-id={person.id} data-self={person.self}>
      <Video track={screen} />
      <div className="label">
        <ScreenIcon />
        <span>{person.self ? "You are showing your screen" : `${person.name}'s screen`}</span>
      </div>
    </li>
  );
}
