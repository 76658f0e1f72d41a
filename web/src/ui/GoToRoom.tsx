import { roomNameProblem } from "@connect/client";
import { useState, type FormEvent } from "react";

import { ArrowIcon } from "./icons";
import { navigate, roomPath } from "./navigation";
import { STRINGS } from "./strings";

interface GoToRoomProps {
  label: string;
  placeholder: string;
  /** The room of the address, when it has a name that no room can have. */
  asked?: string | null;
}

/** The way to a room whose code or name one knows. */
export function GoToRoom({ label, placeholder, asked = null }: GoToRoomProps) {
  const [name, setName] = useState(asked ?? "");
  const [problem, setProblem] = useState(asked === null ? null : roomNameProblem(asked));

  const enter = (event: FormEvent) => {
    event.preventDefault();
    const room = roomIn(name);
    const wrong = roomNameProblem(room);
    if (wrong) setProblem(wrong);
    else navigate(roomPath(room));
  };

  return (
    <form className="enter" onSubmit={enter} noValidate>
      <label htmlFor="room">{label}</label>
      <div className="enter-row">
        <input
          id="room"
          className="input"
          data-testid="room-input"
          placeholder={placeholder}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={300}
          value={name}
          aria-invalid={problem !== null}
          aria-describedby={problem ? "room-problem" : undefined}
          onChange={(event) => {
            setName(event.target.value);
            setProblem(null);
          }}
        />
        <button type="submit" className="button" aria-label={STRINGS.landing.go}>
          <ArrowIcon />
        </button>
      </div>
      {problem && (
        <p id="room-problem" className="problem" role="alert" data-testid="error-message">
          {problem}
        </p>
      )}
    </form>
  );
}

/** The room's name, also when somebody pasted its whole link. */
function roomIn(text: string): string {
  const name = text.trim();
  const pasted = /^https?:\/\/[^/]+\/r\/([^/?#]+)/.exec(name)?.[1];
  return pasted ?? name;
}
