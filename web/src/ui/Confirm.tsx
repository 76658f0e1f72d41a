import { useRef, useState } from "react";

import { STRINGS } from "./strings";

interface ConfirmProps {
  label: string;
  question: string;
  /** What it happens to, for those who don't see what the button stands beside. */
  of: string;
  testId: string;
  small?: boolean;
  /** Whether the first button is one that is seen only by those who look for it. */
  quiet?: boolean;
  pending?: boolean;
  onConfirm: () => void;
}

/** A button that asks once more. */
export function Confirm({ label, question, of, testId, small, quiet, pending = false, onConfirm }: ConfirmProps) {
  const size = small ? "button small" : "button";
  const [asking, setAsking] = useState(false);
  // The focus comes back to where the question came from.
  const asked = useRef(false);
  const ask = (now: boolean) => {
    asked.current = true;
    setAsking(now);
  };
  if (!asking) {
    return (
      <button
        type="button"
        className={quiet ? `${size} quiet` : size}
        data-testid={testId}
        aria-label={STRINGS.of(label, of)}
        autoFocus={asked.current}
        onClick={() => ask(true)}
      >
        {label}
      </button>
    );
  }
  return (
    <span
      className="confirm"
      role="group"
      aria-label={question}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // What it stands in stays open.
        event.stopPropagation();
        ask(false);
      }}
    >
      <span>{question}</span>
      <button
        type="button"
        className={`${size} danger`}
        data-testid="confirm-button"
        aria-disabled={pending}
        onClick={() => {
          if (pending) return;
          ask(false);
          onConfirm();
        }}
      >
        {label}
      </button>
      <button type="button" className={size} autoFocus onClick={() => ask(false)}>
        {STRINGS.keep}
      </button>
    </span>
  );
}
