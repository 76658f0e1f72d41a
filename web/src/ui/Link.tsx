import type { MouseEvent, ReactNode } from "react";

import { navigate } from "./navigation";

interface LinkProps {
  to: string;
  className?: string;
  testId?: string;
  children: ReactNode;
}

/** A link to another page of this interface, which opens without loading anew unless another tab is asked for. */
export function Link({ to, className, testId, children }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={to} className={className} data-testid={testId} onClick={follow}>
      {children}
    </a>
  );
}
