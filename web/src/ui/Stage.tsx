/** The videos of a call: everyone alike, or one of them large and the others in a strip. */

import type { Call, CallState } from "@connect/client";
import { useRef, useState, type CSSProperties } from "react";

import type { Attempts } from "./attempts";
import { GAP, layOut, spotlight } from "./grid";
import { useSize, type Size } from "./hooks";
import type { Person } from "./people";
import type { ShownReaction } from "./Reactions";
import { itemsOf, largeOf, type View } from "./stage-items";
import { STRINGS } from "./strings";
import { PersonTile, ScreenTile } from "./Tile";

interface StageProps {
  call: Call;
  state: CallState;
  people: readonly Person[];
  reactions: readonly ShownReaction[];
  view: View;
  attempts: Attempts;
}

export function Stage({ call, state, people, reactions, view, attempts }: StageProps) {
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const [pinned, setPinned] = useState<string | null>(null);
  const speaker = useLastSpeaker(state);
  const items = itemsOf(people);
  const large = largeOf(items, { view, pinned, speaker });
  const { layout, style } =
    large === null ? gridStyle(items.length, size) : stripStyle(items.length - 1, size);
  // All are in one list, so that a video goes on while its place changes.
  return (
    <div ref={box} className="stage">
      <ul
        className={`tiles ${layout}`}
        aria-label={STRINGS.stage.label}
        data-testid="stage"
        data-layout={layout}
        style={style}
      >
        {items.map(({ id, person, screen }) => {
          const frame = {
            large: id === large,
            pinned: id === pinned,
            // Where there is one only, it is as large as it gets.
            onPin: items.length > 1 ? () => setPinned(id === pinned ? null : id) : null,
            subscriptions: call.subscriptions,
            attempts,
          };
          return screen ? (
            <ScreenTile key={id} {...frame} person={person} screen={screen} />
          ) : (
            <PersonTile
              key={id}
              {...frame}
              person={person}
              reactions={reactions.filter(({ peerId }) => peerId === person.id)}
            />
          );
        })}
      </ul>
    </div>
  );
}

/** Who of the others spoke last, also while nobody does: what is large shall not change in each pause. */
function useLastSpeaker({ activeSpeaker, peerId }: CallState): string | null {
  const [last, setLast] = useState<string | null>(null);
  if (activeSpeaker !== null && activeSpeaker !== peerId && activeSpeaker !== last) setLast(activeSpeaker);
  return last;
}

function gridStyle(count: number, box: Size) {
  const { tile, columns } = layOut(count, box);
  const used = columns * (tile.width + GAP) - GAP;
  // As wide as the columns, that there are not more of them; whole pixels, that there are not fewer.
  const side = Math.max(0, Math.floor((box.width - used) / 2));
  return { layout: "grid", style: { ...sizes("tile", tile), "--side": `${side}px` } as CSSProperties };
}

function stripStyle(count: number, box: Size) {
  const { strip, large, tile } = spotlight(count, box);
  const style = { ...sizes("tile", tile), ...sizes("large", large), "--count": count } as CSSProperties;
  return { layout: strip, style };
}

function sizes(what: string, { width, height }: Size) {
  return { [`--${what}-width`]: `${width}px`, [`--${what}-height`]: `${height}px` };
}
