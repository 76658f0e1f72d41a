/** `/invite#<token>`: become a member of a room. The token is behind the `#` so that no server sees it in an address. */

import { useState } from "react";

import { useAction } from "./form";
import { Link } from "./Link";
import { Message } from "./Message";
import { comingBack, navigate, roomPath } from "./navigation";
import { Heading, Page } from "./Page";
import { rememberedInvitation, rememberInvitation } from "./remember";
import { api, useConfig, useUser } from "./server";
import { STRINGS } from "./strings";
import { wordsFor } from "./words";

const WORDS = STRINGS.invite;

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
      <Heading title={WORDS.title}>{WORDS.heading}</Heading>
      <p className="lead">{user ? WORDS.acceptAs(user.displayName) : WORDS.signInFirst}</p>
      {user ? (
        <button
          type="button"
          className="button primary large"
          data-testid="accept-button"
          aria-disabled={accept.pending}
          onClick={() => void accept.run()}
        >
          {WORDS.accept}
        </button>
      ) : (
        <div className="message-actions">
          <Link to={comingBack("/signin")} className="button primary">
            {STRINGS.account.signIn}
          </Link>
          {registration && (
            <Link to={comingBack("/signup")} className="button">
              {STRINGS.account.make}
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
    <Message title={WORDS.incomplete}>
      <Link to="/" className="button">
        {STRINGS.backToStart}
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
