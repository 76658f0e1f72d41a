/** The first page for those who are not signed in: make an account or a room, or go to a room that you know. */

import { randomRoomName } from "@connect/client";

import { GoToRoom } from "./GoToRoom";
import { PlusIcon } from "./icons";
import { Link } from "./Link";
import { navigate, roomPath } from "./navigation";
import { Page } from "./Page";
import { useConfig } from "./server";
import { STRINGS } from "./strings";

const WORDS = STRINGS.landing;

/** `asked`: the room of the address, when it has a name that no room can have. */
export function Landing({ asked }: { asked: string | null }) {
  const { openRooms, registration } = useConfig();
  return (
    <Page className="landing">
      <div className="landing-body">
        <h1>{WORDS.heading}</h1>
        <p className="lead">{WORDS.lead}</p>
        {openRooms ? (
          <button
            type="button"
            className="button primary large"
            data-testid="create-room"
            onClick={() => navigate(roomPath(randomRoomName()))}
          >
            <PlusIcon /> {WORDS.newRoom}
          </button>
        ) : (
          <Link to={registration ? "/signup" : "/signin"} className="button primary large" testId="start">
            {registration ? STRINGS.account.make : STRINGS.account.signIn}
          </Link>
        )}
        <GoToRoom
          label={openRooms ? WORDS.byName : WORDS.byCode}
          placeholder={openRooms ? WORDS.nameExample : WORDS.codeExample}
          asked={asked}
        />
      </div>
    </Page>
  );
}
