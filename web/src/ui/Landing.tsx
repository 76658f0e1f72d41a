/** The first page: make a room, or go to one whose name you know. */

import { useState, type FormEvent } from "react";

import { randomRoomName, roomNameProblem } from "../client";
import { ArrowIcon, LogoIcon, PlusIcon } from "./icons";
import { navigate, roomPath } from "./navigation";

/** `asked`: the room of the address, when it has a name that no room can have. */
export function Landing({ asked }: { asked: string | null }) {
  const [name, setName] = useState(asked ?? "");
  const [problem, setProblem] = useState(asked === null ? null : roomNameProblem(asked));

  const enter = (event: FormEvent) => {
    event.preventDefault();
    const room = name.trim();
    const wrong = roomNameProblem(room);
    if (wrong) setProblem(wrong);
    else navigate(roomPath(room));
  };

  return (
    <main className="page landing">
      <div className="landing-body">
        <p className="logo">
          <LogoIcon /> Connect
        </p>
        <h1>Talk face to face, on your own server.</h1>
        <p className="lead">
          Make a room, send its link to the others, and you are in a call. Nothing to install.
        </p>
        <button
          type="button"
          className="button primary large"
          data-testid="create-room"
          onClick={() => navigate(roomPath(randomRoomName()))}
        >
          <PlusIcon /> New room
        </button>
        <form className="enter" onSubmit={enter} noValidate>
          <label htmlFor="room">Or enter a room by its name</label>
          <div className="enter-row">
            <input
              id="room"
              className="input"
              data-testid="room-input"
              placeholder="monday-meeting"
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={64}
              value={name}
              aria-invalid={problem !== null}
              aria-describedby={problem ? "room-problem" : undefined}
              onChange={(event) => {
                setName(event.target.value);
                setProblem(null);
              }}
            />
            <button type="submit" className="button" aria-label="Go to the room">
              <ArrowIcon />
            </button>
          </div>
          {problem && (
            <p id="room-problem" className="problem" role="alert" data-testid="error-message">
              {problem}
            </p>
          )}
        </form>
      </div>
    </main>
  );
}
