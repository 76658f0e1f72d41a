/** Who is here, and what moderators can do about it. */

import type { Call, CallState } from "@connect/client";
import { useLayoutEffect, useRef, useState, type RefObject } from "react";

import { useAttempts, type Attempts } from "./attempts";
import { Avatar } from "./Avatar";
import { CameraIcon, CameraOffIcon, HandIcon, MicrophoneIcon, MicrophoneOffIcon, MoreIcon } from "./icons";
import { Panel } from "./Panel";
import { handsFirst, type Person } from "./people";
import { Quality } from "./Quality";
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
  const attempts = useAttempts();
  const moderator = state.permissions.roomAdmin;
  return (
    <Panel title={WORDS.title} testId="people-panel" onClose={onClose}>
      {moderator && <RoomActions call={call} locked={state.settings.locked} attempts={attempts} />}
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
            person={person}
            moderated={moderator && !person.self}
            attempts={attempts}
          />
        ))}
      </ul>
    </Panel>
  );
}

/** What is done to all. */
function RoomActions({ call, locked, attempts }: { call: Call; locked: boolean; attempts: Attempts }) {
  const { moderation } = call;
  return (
    <div className="panel-actions">
      <button
        type="button"
        className="button small"
        data-testid="mute-all"
        onClick={() => void attempts.attempt(() => moderation.muteAll())}
      >
        {WORDS.muteAll}
      </button>
      <button
        type="button"
        className={locked ? "button small primary" : "button small"}
        data-testid="lock-room"
        aria-pressed={locked}
        onClick={() => void attempts.attempt(() => moderation.lock(!locked))}
      >
        {WORDS.lock}
      </button>
    </div>
  );
}

interface PersonRowProps {
  call: Call;
  person: Person;
  /** Whether to offer what moderators do. */
  moderated: boolean;
  attempts: Attempts;
}

function PersonRow({ call, person, moderated, attempts }: PersonRowProps) {
  const [open, setOpen] = useState(false);
  const { id, name, self, hand, muted, camera, quality } = person;
  const row = useRef<HTMLLIElement>(null);
  useFocusLeftBehind(row);
  return (
    <li ref={row} className="person" data-testid="person" data-peer-id={id}>
      <Avatar name={name} id={id} />
      <span className="person-name">
        {name} {self && <span className="quiet">({WORDS.you})</span>}
      </span>
      {hand !== null && (
        <span className="person-hand">
          <HandIcon title={STRINGS.hand.place(hand)} />
          <span aria-hidden="true">{hand}</span>
        </span>
      )}
      {quality && <Quality quality={quality} />}
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
      {moderated && open && <PersonActions call={call} person={person} attempts={attempts} />}
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

/** What is done to one. What would change nothing now is marked and stays, so that the focus does not get lost. */
function PersonActions({ call, person, attempts }: { call: Call; person: Person; attempts: Attempts }) {
  const { moderation } = call;
  const { id, name, muted, camera, hand } = person;
  const actions = [
    { label: WORDS.mute, testId: "moderate-mute", idle: muted, act: () => moderation.mute(id) },
    {
      label: WORDS.stopVideo,
      testId: "moderate-stop-video",
      idle: !camera,
      act: () => moderation.stopVideo(id),
    },
    {
      label: WORDS.lowerHand,
      testId: "moderate-lower-hand",
      idle: hand === null,
      act: () => moderation.lowerHand(id),
    },
    { label: WORDS.remove, testId: "moderate-remove", idle: false, act: () => moderation.remove(id) },
  ];
  return (
    <div className="panel-actions" role="group" aria-label={WORDS.moderate(name)}>
      {actions.map(({ label, testId, idle, act }) => (
        <button
          key={testId}
          type="button"
          className="button small"
          data-testid={testId}
          aria-label={WORDS.of(label, name)}
          aria-disabled={idle}
          onClick={() => {
            if (!idle) void attempts.attempt(act);
          }}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
