/** The first page for those who are not signed in: make an account or a room, or go to a room that you know. */

import { randomRoomName } from "@connect/client";

import { GoToRoom } from "./GoToRoom";
import { PlusIcon } from "./icons";
import { Link } from "./Link";
import { navigate, roomPath } from "./navigation";
import { Page } from "./Page";
import { useConfig } from "./server";

/** `asked`: the room of the address, when it has a name that no room can have. */
export function Landing({ asked }: { asked: string | null }) {
  const { openRooms, registration } = useConfig();
  return (
    <Page className="landing">
      <div className="landing-body">
        <h1>Talk face to face, on your own server.</h1>
        <p className="lead">
          Make a room, send its link to the others, and you are in a call. Nothing to install.
        </p>
        {openRooms ? (
          <button
            type="button"
            className="button primary large"
            data-testid="create-room"
            onClick={() => navigate(roomPath(randomRoomName()))}
          >
            <PlusIcon /> New room
          </button>
        ) : (
          <Link to={registration ? "/signup" : "/signin"} className="button primary large" testId="start">
            {registration ? "Make an account" : "Sign in"}
          </Link>
        )}
        <GoToRoom
          label={openRooms ? "Or enter a room by its name" : "Or enter the room that you were invited to"}
          placeholder={openRooms ? "monday-meeting" : "abcd-efgh-ijkl"}
          asked={asked}
        />
      </div>
    </Page>
  );
}
