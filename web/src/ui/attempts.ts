import { CallError, ConnectionLostError, type CallStatus } from "@connect/client";
import { useEffect, useState } from "react";

export interface Attempts {
  /** Why the last one failed; null when it did not. */
  readonly error: unknown;
  /** Do something of which only the failure is to be told. */
  readonly attempt: (action: () => Promise<unknown>) => Promise<void>;
  readonly dismiss: () => void;
}

/** Small things that the server is asked for, and that may be asked again before it answered. */
export function useAttempts(status: CallStatus): Attempts {
  const [error, setError] = useState<unknown>(null);
  // Once the connection is back, nobody needs to hear any more that it was lost.
  useEffect(() => {
    if (status === "joined") setError((last: unknown) => (last instanceof ConnectionLostError ? null : last));
  }, [status]);
  const attempt = async (action: () => Promise<unknown>) => {
    try {
      await action();
      setError(null);
    } catch (problem) {
      if (!(problem instanceof CallError)) console.error(problem);
      setError(problem);
    }
  };
  return { error, attempt, dismiss: () => setError(null) };
}
