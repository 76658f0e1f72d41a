import type { Room } from "@connect/client";
import { useState } from "react";

import { CopyLink } from "./CopyLink";
import { useAction } from "./form";
import { api } from "./server";
import { STRINGS } from "./strings";
import { wordsFor } from "./words";

const WORDS = STRINGS.rooms;

/** Makes an invitation, and shows its link: the one time that it can be seen. */
export function InviteButton({ room }: { room: Room }) {
  const [link, setLink] = useState<string | null>(null);
  const invite = useAction(async () => setLink((await api.invite(room.code, { role: "member" })).url));
  return (
    <>
      <button
        type="button"
        className="button"
        data-testid="invite-button"
        aria-label={WORDS.inviteTo(room.name)}
        aria-disabled={invite.pending}
        onClick={() => void invite.run()}
      >
        {WORDS.invite}
      </button>
      {link && (
        <p className="invitation" role="status">
          <span>{WORDS.invitation}</span>
          <span className="invitation-link">
            <output data-testid="invite-link">{link}</output>
            <CopyLink link={link} label={WORDS.copyInvitation} className="button" text={STRINGS.copy.copy} />
          </span>
        </p>
      )}
      {invite.error !== null && (
        <p className="problem" role="alert" data-testid="error-message">
          {wordsFor(invite.error)}
        </p>
      )}
    </>
  );
}
