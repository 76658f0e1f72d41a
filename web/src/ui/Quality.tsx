/** How good a connection is, as bars like those of a telephone. */

import type { ConnectionQuality } from "@connect/client";
import { useContext } from "react";

import { OpenDetails } from "./details-context";
import type { Person } from "./people";
import { STRINGS } from "./strings";

const BARS = { lost: 0, poor: 1, good: 2, excellent: 3 } satisfies Record<ConnectionQuality, number>;

/** The button that shows a person's, and leads to its details; nothing as long as nobody has judged it. */
export function Quality({ person: { id, name, quality } }: { person: Person }) {
  const openDetails = useContext(OpenDetails);
  if (!quality) return null;
  const label = STRINGS.quality[quality];
  return (
    <button
      type="button"
      className="quality"
      aria-label={STRINGS.details.of(name, label)}
      title={label}
      data-testid="quality"
      data-quality={quality}
      onClick={() => openDetails(id)}
    >
      <QualityBars quality={quality} />
    </button>
  );
}

/** For places where words say the same. */
export function QualityBars({ quality }: { quality: ConnectionQuality }) {
  return (
    <span className="quality-bars" data-quality={quality} aria-hidden="true">
      {[1, 2, 3].map((bar) => (
        <span key={bar} className={bar <= BARS[quality] ? "bar full" : "bar"} />
      ))}
    </span>
  );
}
