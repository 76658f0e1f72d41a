/** `/invite#<token>`: become a member of a room. The token is behind the `#` so that no server sees it in an address. */

import { useState } from "react";

import { useAction } from "./form";
import { Link } from "./Link";
import { Message } from "./Message";
import { comingBack, navigate, roomPath } from "./navigation";
import { Heading, Page } from "./Page";
import { rememberedInvitation, rememberInvitation } from "./remember";
import { api, useConfig, useUser } from "./server";
import { wordsFor } from "./words";

export function InvitePage() {
  const user = useUser();
  const { registration } = useConfig();
  const [token] = useState(tokenHere);
  const accept = useAction(async () => {
    const { room } = await api.acceptInvitation(token);
    rememberInvitation("");
    navigate(roomPath(room.code));
  });
  if (token === "") return <Incomplete />;
  return (
    <Page className="narrow">
      <Heading title="Invitation">You are invited</Heading>
      <p className="lead">
        {user
          ? `Accept, and you are a member of the room, ${user.displayName}.`
          : "Sign in, and you become a member of the room."}
      </p>
      {user ? (
        <button
          type="button"
          className="button primary large"
          data-testid="accept-button"
          aria-disabled={accept.pending}
          onClick={() => void accept.run()}
        >
          Accept
        </button>
      ) : (
        <div className="message-actions">
          <Link to={comingBack("/signin")} className="button primary">
            Sign in
          </Link>
          {registration && (
            <Link to={comingBack("/signup")} className="button">
              Make an account
            </Link>
          )}
        </div>
      )}
      {accept.error !== null && (
        <p className="problem" role="alert" data-testid="error-message">
          {wordsFor(accept.error)}
        </p>
      )}
    </Page>
  );
}

function Incomplete() {
  return (
    <Message title="The link of the invitation is not whole">
      <Link to="/" className="button">
        Back to the start
      </Link>
    </Message>
  );
}

/** The token of the address, which signing in leads away from. */
function tokenHere(): string {
  const token = location.hash.slice(1);
  if (token) rememberInvitation(token);
  return token || (rememberedInvitation() ?? "");
}
