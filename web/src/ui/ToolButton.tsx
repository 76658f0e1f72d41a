import type { ReactNode } from "react";

/** Where a tool is shown: as a round button in the bar, or in words in the menu of those for which there is no room. */
export type Place = "bar" | "menu";

interface ToolButtonProps {
  place: Place;
  label: string;
  /** What it would do now, if that is not its label. */
  hint?: string;
  testId: string;
  icon: ReactNode;
  /** For what is on or off; what opens something has `expanded` instead. */
  pressed?: boolean;
  expanded?: boolean;
  /** The browser has been asked and has not answered yet. */
  busy?: boolean;
  onClick: () => void;
  /** A mark on the button. */
  children?: ReactNode;
}

export function ToolButton(props: ToolButtonProps) {
  const { place, label, hint = label, testId, icon, pressed, expanded, busy, onClick, children } = props;
  const active = (pressed ?? expanded) ? "active" : "";
  return (
    <button
      type="button"
      className={`${place === "bar" ? "round" : "menu-entry"} ${active}`}
      data-testid={testId}
      aria-label={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      aria-busy={busy}
      title={hint}
      onClick={onClick}
    >
      {icon}
      {place === "menu" && label}
      {children}
    </button>
  );
}
