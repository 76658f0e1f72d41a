import { useLevel } from "./hooks";
import { STRINGS } from "./strings";

/** How loud a track is at the moment, as a bar. */
export function Level({ track }: { track: MediaStreamTrack | null }) {
  const level = useLevel(track);
  return (
    <div
      className="level"
      role="meter"
      aria-label={STRINGS.settings.level}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(level * 100)}
      data-testid="level"
    >
      <div className="level-bar" style={{ transform: `scaleX(${level})` }} />
    </div>
  );
}
