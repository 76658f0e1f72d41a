/** For moderators: what is done to everyone, and to the room. */

import type { Call, CallState, RoomChanges } from "@connect/client";

import type { Attempts } from "./attempts";
import { Confirm } from "./Confirm";
import { Checkbox, Select } from "./form";
import { STRINGS } from "./strings";

const WORDS = STRINGS.people;

/** Of how many recent speakers the cameras are sent, to choose from. */
const LAST_N = [null, 25, 16, 9, 4, 1, 0];

interface RoomActionsProps {
  call: Call;
  state: CallState;
  attempts: Attempts;
}

export function RoomActions({ call: { moderation }, state, attempts }: RoomActionsProps) {
  const { locked } = state.settings;
  const idle = state.hands.length === 0;
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
        className="button small"
        data-testid="lower-all-hands"
        aria-disabled={idle}
        onClick={() => {
          if (!idle) void attempts.attempt(() => moderation.lowerAllHands());
        }}
      >
        {WORDS.lowerAllHands}
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

/** How the room is set up, and its end. What is chosen shows once the server has done it. */
export function RoomSettings({ call: { moderation }, state: { settings, roomName }, attempts }: RoomActionsProps) {
  const { lobby, unmuteAllowed, lastN } = settings;
  const change = (changes: RoomChanges) => void attempts.attempt(() => moderation.updateRoom(changes));
  const choices = LAST_N.includes(lastN) ? LAST_N : [lastN, ...LAST_N];
  return (
    <details className="room-settings">
      <summary data-testid="room-settings">{WORDS.settings}</summary>
      <Checkbox
        label={WORDS.lobby}
        checked={lobby}
        testId="room-lobby"
        onChange={(checked) => change({ lobby: checked })}
      />
      <Checkbox
        label={WORDS.unmuteAllowed}
        checked={unmuteAllowed}
        testId="unmute-allowed"
        onChange={(checked) => change({ unmuteAllowed: checked })}
      />
      <Select
        label={WORDS.lastN}
        options={choices.map((count) => [String(count), WORDS.videos(count)])}
        value={String(lastN)}
        testId="room-last-n"
        onChange={(chosen) => change({ lastN: chosen === "null" ? null : Number(chosen) })}
      />
      <Confirm
        label={WORDS.close}
        question={WORDS.closeQuestion}
        of={roomName}
        testId="close-room"
        small
        onConfirm={() => moderation.closeRoom()}
      />
    </details>
  );
}
