import type { Room } from "@connect/client";
import { useState } from "react";

import { CopyLink } from "./CopyLink";
import { useAction } from "./form";
import { api } from "./server";
import { wordsFor } from "./words";

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
        aria-label={`Invite a member to ${room.name}`}
        aria-disabled={invite.pending}
        onClick={() => void invite.run()}
      >
        Invite
      </button>
      {link && (
        <p className="invitation" role="status">
          <span>Who opens this link with an account becomes a member:</span>
          <span className="invitation-link">
            <output data-testid="invite-link">{link}</output>
            <CopyLink link={link} label="Copy the invitation" className="button" text="Copy" />
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
