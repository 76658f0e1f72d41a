/** Short signs that float over whoever gives them. */

import type { Call, Reaction } from "@connect/client";
import { useEffect, useState } from "react";

import { SmileIcon } from "./icons";
import { Popup } from "./Popup";
import { REACTIONS, STRINGS } from "./strings";

/** How long one is shown, in ms, as its animation in meeting.css. */
const SHOWN_FOR = 3_000;

/** So many are shown at once; when there are more, the oldest go early. */
const MOST = 30;

export interface ShownReaction extends Reaction {
  readonly key: number;
}

/** The reactions of the last moments. */
export function useReactions(call: Call): readonly ShownReaction[] {
  const [shown, setShown] = useState<readonly ShownReaction[]>([]);
  useEffect(() => {
    let count = 0;
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const stop = call.meeting.on("reaction", (reaction) => {
      const key = count++;
      setShown((before) => [...before, { ...reaction, key }].slice(-MOST));
      const timer = setTimeout(() => {
        timers.delete(timer);
        setShown((before) => before.filter((other) => other.key !== key));
      }, SHOWN_FOR);
      timers.add(timer);
    });
    return () => {
      stop();
      timers.forEach(clearTimeout);
      setShown([]);
    };
  }, [call]);
  return shown;
}

/** The button that opens the choice. */
export function ReactionMenu({ onReact }: { onReact: (reaction: string) => void }) {
  const { label } = STRINGS.reactions;
  return (
    <Popup label={label} icon={<SmileIcon />} testId="reaction-menu" className="over">
      {(close) => (
        <ReactionChoice
          focused
          onReact={(reaction) => {
            onReact(reaction);
            close();
          }}
        />
      )}
    </Popup>
  );
}

interface ReactionChoiceProps {
  onReact: (reaction: string) => void;
  /** The first one has the focus when it appears. */
  focused?: boolean;
}

export function ReactionChoice({ onReact, focused = false }: ReactionChoiceProps) {
  return (
    <div className="reaction-choice" role="group" aria-label={STRINGS.reactions.label}>
      {REACTIONS.map(({ reaction, name }, index) => (
        <button
          key={reaction}
          type="button"
          data-testid="reaction-button"
          aria-label={name}
          title={name}
          autoFocus={focused && index === 0}
          onClick={() => onReact(reaction)}
        >
          {reaction}
        </button>
      ))}
    </div>
  );
}
