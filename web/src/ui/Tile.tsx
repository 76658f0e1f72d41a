/** One person, or one shared screen, in the grid. */

import type { Subscriptions } from "@connect/client";

import { Avatar } from "./Avatar";
import { HandIcon, MicrophoneOffIcon, ScreenIcon } from "./icons";
import { Video } from "./media";
import type { Person, Picture } from "./people";
import { Quality } from "./Quality";
import type { ShownReaction } from "./Reactions";
import { STRINGS } from "./strings";

interface TileProps {
  person: Person;
  subscriptions: Subscriptions;
  /** What the person reacts with at the moment. */
  reactions: readonly ShownReaction[];
}

export function Tile({ person, subscriptions, reactions }: TileProps) {
  const { id, name, self, camera, muted, screen, speaking, hand, quality } = person;
  return (
    <li
      className="tile"
      data-testid="tile"
      data-peer-id={id}
      data-self={self}
      data-muted={muted}
      data-camera={camera ? "on" : "off"}
      data-suspended={camera?.suspended ?? false}
      data-screen={screen ? "on" : "off"}
      data-speaking={speaking}
    >
      {camera && <Video {...camera} subscriptions={subscriptions} mirrored={self} />}
      {/* A video that is held back stays where it is, under the avatar: it is still wanted. */}
      {(!camera || camera.suspended) && (
        <div className="no-picture">
          <Avatar name={name} id={id} />
        </div>
      )}
      {hand !== null && (
        <span className="hand-badge" data-testid="hand-badge">
          <HandIcon title={STRINGS.hand.place(hand)} />
        </span>
      )}
      {quality && <Quality quality={quality} />}
      <div className="reactions" aria-hidden="true">
        {reactions.map(({ key, reaction }) => (
          <span key={key} data-testid="reaction">
            {reaction}
          </span>
        ))}
      </div>
      <div className="label">
        {muted && <MicrophoneOffIcon title="Muted" />}
        <span data-testid="tile-name">{name}</span>
        {self && <span className="you">you</span>}
      </div>
    </li>
  );
}

interface ScreenTileProps {
  person: Person;
  screen: Picture;
  subscriptions: Subscriptions;
}

/** What somebody shows. */
export function ScreenTile({ person, screen, subscriptions }: ScreenTileProps) {
  return (
    <li className="tile screen" data-testid="screen-tile" data-peer-id={person.id} data-self={person.self}>
      <Video {...screen} subscriptions={subscriptions} />
      <div className="label">
        <ScreenIcon />
        <span>{person.self ? "You are showing your screen" : `${person.name}'s screen`}</span>
      </div>
    </li>
  );
}
