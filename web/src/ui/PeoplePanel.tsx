/** Who is here, and what moderators can do about it. */

import type { Call, CallState } from "@connect/client";
import { useLayoutEffect, useRef, useState, type RefObject } from "react";

import { useAttempts, type Attempts } from "./attempts";
import { Avatar } from "./Avatar";
import { CameraIcon, CameraOffIcon, HandIcon, MicrophoneIcon, MicrophoneOffIcon, MoreIcon } from "./icons";
import { Panel } from "./Panel";
import { handsFirst, type Person } from "./people";
import { PersonActions } from "./PersonActions";
import { Quality } from "./Quality";
import { RoomActions, RoomSettings } from "./RoomActions";
import { STRINGS } from "./strings";
import { wordsFor } from "./words";

const WORDS = STRINGS.people;

interface PeoplePanelProps {
  call: Call;
  state: CallState;
  people: readonly Person[];
  onClose: () => void;
}

export function PeoplePanel({ call, state, people, onClose }: PeoplePanelProps) {
  const attempts = useAttempts(state.status);
  const moderator = state.permissions.roomAdmin;
  return (
    <Panel title={WORDS.title} testId="people-panel" onClose={onClose}>
      <div className="panel-body">
        {moderator && <RoomActions call={call} state={state} attempts={attempts} />}
        {attempts.error !== null && (
          <p className="problem" role="alert" data-testid="error-message">
            {wordsFor(attempts.error)}
          </p>
        )}
        <ul className="people">
          {handsFirst(people).map((person) => (
            <PersonRow
              key={person.id}
              call={call}
              state={state}
              person={person}
              moderated={moderator && !person.self}
              attempts={attempts}
            />
          ))}
        </ul>
        {moderator && <RoomSettings call={call} state={state} attempts={attempts} />}
      </div>
    </Panel>
  );
}

interface PersonRowProps {
  call: Call;
  state: CallState;
  person: Person;
  /** Whether to offer what moderators do. */
  moderated: boolean;
  attempts: Attempts;
}

function PersonRow({ call, state, person, moderated, attempts }: PersonRowProps) {
  const [open, setOpen] = useState(false);
  const { id, name, self, hand, muted, camera } = person;
  const row = useRef<HTMLLIElement>(null);
  useFocusLeftBehind(row);
  return (
    <li ref={row} className="person" data-testid="person" data-peer-id={id}>
      <Avatar name={name} id={id} />
      <span className="person-name">
        <bdi>{name}</bdi> {self && <span className="quiet">({WORDS.you})</span>}
      </span>
      <span className="person-signs">
        {hand !== null && (
          <span className="person-hand">
            <HandIcon title={STRINGS.hand.place(hand)} />
            <span aria-hidden="true">{hand}</span>
          </span>
        )}
        <Quality person={person} />
        {muted ? (
          <MicrophoneOffIcon title={WORDS.microphone(false)} />
        ) : (
          <MicrophoneIcon title={WORDS.microphone(true)} />
        )}
        {camera ? <CameraIcon title={WORDS.camera(true)} /> : <CameraOffIcon title={WORDS.camera(false)} />}
        {moderated && (
          <button
            type="button"
            className="panel-close"
            data-testid="person-menu"
            aria-label={WORDS.moderate(name)}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <MoreIcon />
          </button>
        )}
      </span>
      {moderated && open && <PersonActions call={call} state={state} person={person} attempts={attempts} />}
    </li>
  );
}

/** Give the focus to the panel when it was on somebody who goes. */
function useFocusLeftBehind(row: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const element = row.current;
    return () => {
      if (element?.contains(document.activeElement)) element.closest<HTMLElement>("aside")?.focus();
    };
  }, [row]);
}
