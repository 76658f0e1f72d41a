import type { ConnectionQuality } from "@connect/client";

import { STRINGS } from "./strings";

const BARS = { lost: 0, poor: 1, good: 2, excellent: 3 } satisfies Record<ConnectionQuality, number>;

/** How good a connection is, as bars like those of a telephone. */
export function Quality({ quality }: { quality: ConnectionQuality }) {
  const label = STRINGS.quality[quality];
  return (
    <span
      className="quality"
      role="img"
      aria-label={label}
      title={label}
      data-testid="quality"
      data-quality={quality}
    >
      {[1, 2, 3].map((bar) => (
        <span key={bar} className={bar <= BARS[quality] ? "bar full" : "bar"} />
      ))}
    </span>
  );
}
