/** A page that says one thing. */

import type { Problem } from "@connect/client";
import type { ReactNode } from "react";

import { LogoIcon } from "./icons";
import { STRINGS } from "./strings";

interface MessageProps {
  title: string;
  problem?: Problem | null;
  testId?: string;
  children?: ReactNode;
}

export function Message({ title, problem, testId, children }: MessageProps) {
  return (
    <main className="page message" data-testid={testId}>
      <div className="message-body">
        <p className="logo">
          <LogoIcon /> {STRINGS.brand}
        </p>
        <h1>{title}</h1>
        {problem && (
          <p className="lead" role="alert" data-testid="error-message">
            {problem.message}
          </p>
        )}
        {children && <div className="message-actions">{children}</div>}
      </div>
    </main>
  );
}
