/** One of my rooms. */

import type { Room, User } from "@connect/client";
import { useState } from "react";

import { CopyLink } from "./CopyLink";
import { useAction } from "./form";
import { InviteButton } from "./InviteButton";
import { Link } from "./Link";
import { roomLink, roomPath } from "./navigation";
import { api } from "./server";
import { wordsFor } from "./words";

const ACCESS = { anyone: "Anyone may join", users: "For people with an account", members: "For members" };

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
  const facts = [ACCESS[access], lobby && "lobby", locked && "locked", !owned && `you are a ${role}`];
  return (
    <li className="card room" data-testid="room-card" data-code={code}>
      <div className="room-head">
        <h2>{name}</h2>
        {participantCount > 0 && (
          <p className="badge" data-testid="room-count">
            {participantCount} in the call
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
          Join
        </Link>
        <CopyLink link={link} label={`Copy the link of ${name}`} className="button" text="Copy link" />
        {(owned || role === "moderator") && <InviteButton room={room} />}
        <Confirm
          label={owned ? "Delete" : "Leave"}
          question={owned ? "Delete it, and end its call?" : "Leave it for good?"}
          of={name}
          testId="delete-room"
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

interface ConfirmProps {
  label: string;
  question: string;
  /** What it happens to, for those who don't see what the button stands beside. */
  of: string;
  testId: string;
  pending: boolean;
  onConfirm: () => void;
}

/** A button that asks once more. */
function Confirm({ label, question, of, testId, pending, onConfirm }: ConfirmProps) {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button
        type="button"
        className="button quiet"
        data-testid={testId}
        aria-label={`${label} ${of}`}
        onClick={() => setAsking(true)}
      >
        {label}
      </button>
    );
  }
  return (
    <span className="confirm" role="group" aria-label={question}>
      {question}
      <button
        type="button"
        className="button danger"
        data-testid={`${testId}-confirm`}
        aria-disabled={pending}
        onClick={onConfirm}
      >
        {label}
      </button>
      <button type="button" className="button" autoFocus onClick={() => setAsking(false)}>
        Keep
      </button>
    </span>
  );
}
