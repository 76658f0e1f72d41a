/** For moderators: what is done to one. */

import type { Call, CallState } from "@connect/client";

import type { Attempts } from "./attempts";
import { Confirm } from "./Confirm";
import type { Person } from "./people";
import { STRINGS } from "./strings";

const WORDS = STRINGS.people;

interface PersonActionsProps {
  call: Call;
  state: CallState;
  person: Person;
  attempts: Attempts;
}

/** What would change nothing now is marked and stays, so that the focus does not get lost. */
export function PersonActions({ call: { moderation }, state, person, attempts }: PersonActionsProps) {
  const { id, name, muted, camera, screen, hand } = person;
  const removable = mayBeSentAway(person, state);
  const actions = [
    { label: WORDS.mute, testId: "moderate-mute", idle: muted, act: () => moderation.mute(id) },
    ...(state.settings.unmuteAllowed
      ? []
      : [{ label: WORDS.unmute, testId: "moderate-unmute", idle: !muted, act: () => moderation.unmute(id) }]),
    { label: WORDS.stopVideo, testId: "moderate-stop-video", idle: !camera, act: () => moderation.stopVideo(id) },
    {
      label: WORDS.stopScreen,
      testId: "moderate-stop-screen",
      idle: !screen,
      act: () => moderation.stopScreenShare(id),
    },
    {
      label: WORDS.lowerHand,
      testId: "moderate-lower-hand",
      idle: hand === null,
      act: () => moderation.lowerHand(id),
    },
    ...(removable
      ? [{ label: WORDS.remove, testId: "moderate-remove", idle: false, act: () => moderation.remove(id) }]
      : []),
  ];
  return (
    <div className="panel-actions" role="group" aria-label={WORDS.moderate(name)}>
      {actions.map(({ label, testId, idle, act }) => (
        <button
          key={testId}
          type="button"
          className="button small"
          data-testid={testId}
          aria-label={STRINGS.of(label, name)}
          aria-disabled={idle}
          onClick={() => {
            if (!idle) void attempts.attempt(act);
          }}
        >
          {label}
        </button>
      ))}
      {removable && (
        <Confirm
          label={WORDS.ban}
          question={WORDS.banQuestion(name)}
          of={name}
          testId="moderate-ban"
          small
          onConfirm={() => void attempts.attempt(() => moderation.ban(id))}
        />
      )}
      {mayInherit(person, state) && (
        <Confirm
          label={WORDS.transfer}
          question={WORDS.transferQuestion(name)}
          of={name}
          testId="moderate-transfer"
          small
          onConfirm={() => void attempts.attempt(() => moderation.transferOwnership(id))}
        />
      )}
    </div>
  );
}

/** Nobody but an owner sends an owner away. */
function mayBeSentAway(person: Person, { role }: CallState): boolean {
  return person.role !== "owner" || role === "owner";
}

/** Only its owner gives a room away, and only to a member of it. */
function mayInherit(person: Person, { role }: CallState): boolean {
  return role === "owner" && (person.role === "member" || person.role === "moderator");
}
