import { useId, useLayoutEffect, useRef, type ReactNode } from "react";

import { CloseIcon } from "./icons";
import { STRINGS } from "./strings";

interface DialogProps {
  title: string;
  testId: string;
  onClose: () => void;
  children: ReactNode;
}

/**
 * Over everything else, which can't be used meanwhile.
 *
 * Escape and a click beside it close it; focus goes back to where it was.
 */
export function Dialog({ title, testId, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={titleId}
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // What is around the content, which fills the dialog, is the backdrop.
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className="dialog-content">
        <div className="panel-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" className="panel-close" aria-label={STRINGS.close} onClick={onClose}>
            <CloseIcon />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
