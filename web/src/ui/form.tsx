/** Forms: fields with their labels and problems, and the way to the server and back. */

import { ApiError, CallError } from "@connect/client";
import {
  useEffect,
  useId,
  useRef,
  useState,
  type FormEvent,
  type InputHTMLAttributes,
  type ReactNode,
} from "react";

import { wordsFor } from "./words";

export interface Action {
  readonly pending: boolean;
  readonly error: unknown;
  /** Do it, unless it is being done. Resolves to whether it worked; `error` says why not. */
  run(): Promise<boolean>;
}

/** Something that the server is asked to do. */
export function useAction(action: () => Promise<unknown>): Action {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    if (pending) return false;
    setPending(true);
    setError(null);
    try {
      await action();
      return true;
    } catch (problem) {
      if (!(problem instanceof CallError)) console.error(problem);
      setError(problem);
      return false;
    } finally {
      setPending(false);
    }
  };
  return { pending, error, run };
}

interface FormProps {
  action: Action;
  label: string;
  testId: string;
  /** In words, what went wrong, where the usual ones don't fit; null for those. */
  explain?: (error: unknown) => string | null;
  danger?: boolean;
  /** After it worked. */
  done?: string;
  children: ReactNode;
}

/** A form with one button, which says what went wrong and puts the cursor there. */
export function Form({ action, label, testId, explain, danger = false, done, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [worked, setWorked] = useState(false);
  const { pending, error } = action;
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setWorked(false);
    setWorked(await action.run());
  };
  const words = error ? (explain?.(error) ?? wordsFor(error)) : null;
  return (
    <form ref={form} className="form" onSubmit={(event) => void submit(event)} noValidate>
      {children}
      {words && (
        <p className="problem" role="alert" data-testid="error-message">
          {words}
        </p>
      )}
      <button
        type="submit"
        className={danger ? "button danger" : "button primary"}
        data-testid={testId}
        aria-disabled={pending}
      >
        {label}
      </button>
      <p className={worked && done ? "done" : "visually-hidden"} role="status">
        {worked && done}
      </p>
    </form>
  );
}

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value"> {
  label: string;
  /** The field's name in the request, by which the error names it. */
  name: string;
  value: string;
  testId?: string;
  hint?: string;
  error: unknown;
  onChange: (value: string) => void;
}

export function Field({ label, name, testId, hint, error, onChange, ...input }: FieldProps) {
  const id = useId();
  const problems = problemsOf(error, name);
  const described = [hint && `${id}-hint`, problems && `${id}-problem`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        name={name}
        className="input"
        data-testid={testId}
        aria-invalid={problems !== null}
        aria-describedby={described || undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
      {problems && (
        <p id={`${id}-problem`} className="field-problem" data-testid="field-problem">
          {problems}
        </p>
      )}
    </div>
  );
}

/**
 * Refuse what is blank before the server has to.
 *
 * @param needed for each field, what is in it and what to say if that is nothing
 * @throws {ApiError} as the server would
 */
export function needAll(needed: Readonly<Record<string, readonly [value: string, request: string]>>): void {
  const blank = Object.entries(needed).filter(([, [value]]) => value.trim() === "");
  const fields = Object.fromEntries(blank.map(([name, [, request]]) => [name, [request]]));
  if (blank.length > 0) throw new ApiError(400, "something is missing", { fields });
}

function problemsOf(error: unknown, name: string): string | null {
  const problems = error instanceof ApiError ? error.fields[name] : undefined;
  return problems?.length ? problems.join(" ") : null;
}

interface SelectProps<T extends string> {
  label: string;
  options: readonly (readonly [value: T, label: string])[];
  value: T;
  testId: string;
  onChange: (value: T) => void;
}

export function Select<T extends string>({ label, options, value, testId, onChange }: SelectProps<T>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="input"
        data-testid={testId}
        value={value}
        onChange={(event) => onChange(event.target.value as T)}
      >
        {options.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

interface CheckboxProps {
  label: string;
  checked: boolean;
  testId: string;
  onChange: (checked: boolean) => void;
}

export function Checkbox({ label, checked, testId, onChange }: CheckboxProps) {
  return (
    <label className="checkbox">
      <input
        type="checkbox"
        data-testid={testId}
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      {label}
    </label>
  );
}
