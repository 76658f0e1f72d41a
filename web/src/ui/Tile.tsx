/** One person, or one shared screen, on the stage. */

import type { Subscriptions } from "@connect/client";
import { useRef } from "react";

import type { Attempts } from "./attempts";
import { Avatar } from "./Avatar";
import { HandIcon, MicrophoneOffIcon, ScreenIcon } from "./icons";
import { Video } from "./media";
import type { Person, Picture } from "./people";
import { PictureInPictureButton, PinButton } from "./PictureButtons";
import { Quality } from "./Quality";
import type { ShownReaction } from "./Reactions";
import { STRINGS } from "./strings";

interface Frame {
  /** It has most of the stage. */
  large: boolean;
  /** Somebody here wants it to stay large. */
  pinned: boolean;
  /** Null where there is nothing to choose. */
  onPin: (() => void) | null;
  subscriptions: Subscriptions;
  attempts: Attempts;
}

interface PersonTileProps extends Frame {
  person: Person;
  /** What the person reacts with at the moment. */
  reactions: readonly ShownReaction[];
}

export function PersonTile(props: PersonTileProps) {
  const { person, reactions, large, pinned, onPin, subscriptions, attempts } = props;
  const { id, name, self, camera, muted, screen, speaking, hand } = person;
  const video = useRef<HTMLVideoElement>(null);
  return (
    <li
      className={large ? "tile large" : "tile"}
      data-testid="tile"
      data-peer-id={id}
      data-self={self}
      data-large={large}
      data-muted={muted}
      data-camera={camera ? "on" : "off"}
      data-suspended={camera?.suspended ?? false}
      data-screen={screen ? "on" : "off"}
      data-speaking={speaking}
    >
      {camera && <Video {...camera} ref={video} subscriptions={subscriptions} mirrored={self} />}
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
      <Quality person={person} />
      <div className="reactions" aria-hidden="true">
        {reactions.map(({ key, reaction }) => (
          <span key={key} data-testid="reaction">
            {reaction}
          </span>
        ))}
      </div>
      <div className="label">
        {muted && <MicrophoneOffIcon title={STRINGS.stage.muted} />}
        <span data-testid="tile-name" dir="auto">
          {name}
        </span>
        {self && <span className="you">{STRINGS.stage.you}</span>}
      </div>
      <div className="picture-buttons">
        {camera && <PictureInPictureButton video={video} what={name} attempts={attempts} />}
        {onPin && <PinButton what={name} pinned={pinned} onPin={onPin} />}
      </div>
    </li>
  );
}

interface ScreenTileProps extends Frame {
  person: Person;
  screen: Picture;
}

/** What somebody shows. */
export function ScreenTile(props: ScreenTileProps) {
  const { person, screen, large, pinned, onPin, subscriptions, attempts } = props;
  const video = useRef<HTMLVideoElement>(null);
  const name = person.self ? STRINGS.stage.ownScreen : STRINGS.stage.screen(person.name);
  return (
    <li
      className={large ? "tile screen large" : "tile screen"}
      data-testid="screen-tile"
      data-peer-id={person.id}
      data-self={person.self}
      data-large={large}
    >
      <Video {...screen} ref={video} subscriptions={subscriptions} />
      <div className="label">
        <ScreenIcon />
        <span>{name}</span>
      </div>
      <div className="picture-buttons">
        <PictureInPictureButton video={video} what={name} attempts={attempts} />
        {onPin && <PinButton what={name} pinned={pinned} onPin={onPin} />}
      </div>
    </li>
  );
}
