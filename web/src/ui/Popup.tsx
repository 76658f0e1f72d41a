import { useRef, useState, type ReactNode } from "react";

interface PopupProps {
  label: string;
  icon: ReactNode;
  /** Of the button. */
  testId: string;
  /** Of what it opens. */
  className: string;
  /** What is open over the button; `close` gives the focus back to it. */
  children: (close: () => void) => ReactNode;
}

/** A round button that opens a few more. Escape closes them, and so does going elsewhere. */
export function Popup({ label, icon, testId, className, children }: PopupProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div
      ref={box}
      className="popup-box"
      // Where a click does not focus buttons, it focuses this, and so does not close what it hits.
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === "Escape" && open) close();
      }}
      onBlur={(event) => {
        if (!box.current?.contains(event.relatedTarget)) setOpen(false);
      }}
    >
      <button
        ref={button}
        type="button"
        className="round"
        data-testid={testId}
        aria-label={label}
        title={label}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {icon}
      </button>
      {open && (
        <div className={`popup ${className}`}>{children(close)}</div>
      )}
    </div>
  );
}
