import type { Reading } from "@connect/client";

import { BOX, plotted } from "./plot";
import { STRINGS } from "./strings";

const WORDS = STRINGS.details;

/** Bitrate (a line) and loss (an area) of the last two minutes. */
export function Plot({ readings }: { readings: readonly Reading[] }) {
  const { bitrate, loss, mostBitrate, mostLoss } = plotted(readings);
  const now = readings.at(-1)?.bitrate ?? 0;
  return (
    <figure className="plot">
      <svg
        // A little more than the box, so that a line along its top is whole.
        viewBox={`0 -3 ${BOX.width} ${BOX.height + 3}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={WORDS.plot(now, mostBitrate, mostLoss)}
        data-testid="details-plot"
        data-points={readings.length}
      >
        <polygon className="plot-loss" points={loss} />
        <polyline className="plot-bitrate" points={bitrate} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption aria-hidden="true">
        <span className="plot-key bitrate">{WORDS.upTo(WORDS.bitrate, WORDS.bits(mostBitrate))}</span>
        <span className="plot-key loss">{WORDS.upTo(WORDS.loss, WORDS.percent(mostLoss))}</span>
      </figcaption>
    </figure>
  );
}
