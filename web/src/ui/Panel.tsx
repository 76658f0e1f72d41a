import { useEffect, useRef, type ReactNode } from "react";

import { CloseIcon } from "./icons";
import { STRINGS } from "./strings";

/** What can be open beside the call; one at a time. */
export type PanelName = "chat" | "people" | "details";

interface PanelProps {
  title: string;
  testId: string;
  onClose: () => void;
  children: ReactNode;
}

/** Stands beside the call, or over it where there is no room. Escape closes it; focus goes back to where it was. */
export function Panel({ title, testId, onClose, children }: PanelProps) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const element = panel.current;
    const first = element?.querySelector<HTMLElement>("[data-first-focus]") ?? element;
    first?.focus();
    return () => {
      // Where the focus was moved elsewhere meanwhile, it stays there.
      const lost = document.activeElement === document.body || element?.contains(document.activeElement);
      if (lost && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <aside
      ref={panel}
      className="panel"
      aria-label={title}
      data-testid={testId}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.nativeEvent.isComposing) onClose();
      }}
    >
      <div className="panel-head">
        <h2>{title}</h2>
        <button type="button" className="panel-close" aria-label={STRINGS.close} onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      {children}
    </aside>
  );
}
