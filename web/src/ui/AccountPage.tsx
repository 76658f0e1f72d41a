/** One's name, one's password, and the end of it. */

import type { User } from "@connect/client";
import { useState } from "react";

import { Field, Form, needAll, useAction } from "./form";
import { navigate } from "./navigation";
import { Heading, Page } from "./Page";
import { api } from "./server";
import { STRINGS } from "./strings";

const WORDS = STRINGS.account;

export function AccountPage({ user }: { user: User }) {
  return (
    <Page className="narrow">
      <Heading title={WORDS.label}>{WORDS.label}</Heading>
      <p className="lead">{user.email}</p>
      <Name user={user} />
      <Password />
      <Delete />
    </Page>
  );
}

function Name({ user }: { user: User }) {
  const [displayName, setDisplayName] = useState(user.displayName);
  const action = useAction(async () => {
    needAll({ displayName: [displayName, WORDS.nameMissing] });
    await api.account.rename(displayName.trim());
  });
  return (
    <section className="card" aria-labelledby="name-heading">
      <h2 id="name-heading">{WORDS.rename.heading}</h2>
      <Form action={action} label={WORDS.rename.button} testId="rename-button" done={WORDS.rename.done}>
        <Field
          label={WORDS.rename.field}
          name="displayName"
          autoComplete="name"
          maxLength={64}
          testId="rename-name"
          value={displayName}
          error={action.error}
          onChange={setDisplayName}
        />
      </Form>
    </section>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const action = useAction(async () => {
    needAll({
      currentPassword: [current, WORDS.change.presentMissing],
      newPassword: [next, WORDS.change.nextMissing],
    });
    await api.account.changePassword(current, next);
    setCurrent("");
    setNext("");
  });
  return (
    <section className="card" aria-labelledby="password-heading">
      <h2 id="password-heading">{WORDS.change.heading}</h2>
      <Form
        action={action}
        label={WORDS.change.button}
        testId="password-button"
        done={WORDS.change.done}
      >
        <Field
          label={WORDS.change.present}
          name="currentPassword"
          type="password"
          autoComplete="current-password"
          testId="password-current"
          value={current}
          error={action.error}
          onChange={setCurrent}
        />
        <Field
          label={WORDS.change.next}
          name="newPassword"
          type="password"
          autoComplete="new-password"
          hint={WORDS.change.nextHint}
          maxLength={256}
          testId="password-new"
          value={next}
          error={action.error}
          onChange={setNext}
        />
      </Form>
    </section>
  );
}

function Delete() {
  const [password, setPassword] = useState("");
  const action = useAction(async () => {
    needAll({ password: [password, WORDS.end.passwordMissing] });
    await api.account.delete(password);
    navigate("/");
  });
  return (
    <section className="card" aria-labelledby="delete-heading">
      <h2 id="delete-heading">{WORDS.end.heading}</h2>
      <p className="hint">{WORDS.end.lead}</p>
      <Form action={action} label={WORDS.end.button} testId="delete-account-button" danger>
        <Field
          label={WORDS.end.password}
          name="password"
          type="password"
          autoComplete="current-password"
          testId="delete-account-password"
          value={password}
          error={action.error}
          onChange={setPassword}
        />
      </Form>
    </section>
  );
}
