/** One of my rooms. */

import type { Room, User } from "@connect/client";
import { Confirm } from "./Confirm";
import { CopyLink } from "./CopyLink";
import { useAction } from "./form";
import { InviteButton } from "./InviteButton";
import { Link } from "./Link";
import { roomLink, roomPath } from "./navigation";
import { api } from "./server";
import { STRINGS } from "./strings";
import { wordsFor } from "./words";

const WORDS = STRINGS.rooms;

interface RoomCardProps {
  room: Room;
  user: User;
  /** After it was deleted, or left. */
  onGone: () => void;
}

export function RoomCard({ room, user, onGone }: RoomCardProps) {
  const { code, name, role, access, lobby, locked, participantCount } = room;
  const owned = role === "owner";
  const link = roomLink(code);
  const go = useAction(async () => {
    if (owned) await api.deleteRoom(code);
    else await api.removeMember(code, user.id);
    onGone();
  });
  const facts = [
    WORDS.access[access],
    lobby && WORDS.lobby,
    locked && WORDS.locked,
    !owned && role && WORDS.role(role),
  ];
  return (
    <li className="card room" data-testid="room-card" data-code={code}>
      <div className="room-head">
        <h2>{name}</h2>
        {participantCount > 0 && (
          <p className="badge" data-testid="room-count">
            {WORDS.count(participantCount)}
          </p>
        )}
      </div>
      <p className="hint">{facts.filter(Boolean).join(" · ")}</p>
      <p className="room-link">
        <Link to={roomPath(code)} testId="room-link">
          {link}
        </Link>
      </p>
      <div className="room-actions">
        <Link to={roomPath(code)} className="button primary" testId="open-room">
          {WORDS.join}
        </Link>
        <CopyLink link={link} label={WORDS.copyOf(name)} className="button" text={WORDS.copy} />
        {(owned || role === "moderator") && <InviteButton room={room} />}
        <Confirm
          label={owned ? WORDS.delete : WORDS.leave}
          question={owned ? WORDS.deleteQuestion : WORDS.leaveQuestion}
          of={name}
          testId="delete-room"
          quiet
          pending={go.pending}
          onConfirm={() => void go.run()}
        />
      </div>
      {go.error !== null && (
        <p className="problem" role="alert" data-testid="error-message">
          {wordsFor(go.error)}
        </p>
      )}
    </li>
  );
}
