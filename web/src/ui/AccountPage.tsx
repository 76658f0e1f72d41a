/** One's name, one's password, and the end of it. */

import type { User } from "@connect/client";
import { useState } from "react";

import { Field, Form, needAll, useAction } from "./form";
import { navigate } from "./navigation";
import { Heading, Page } from "./Page";
import { api } from "./server";

export function AccountPage({ user }: { user: User }) {
  return (
    <Page className="narrow">
      <Heading title="Account">Account</Heading>
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
    needAll({ displayName: [displayName, "Say what the others shall call you."] });
    await api.account.rename(displayName.trim());
  });
  return (
    <section className="card" aria-labelledby="name-heading">
      <h2 id="name-heading">Name</h2>
      <Form action={action} label="Change the name" testId="rename-button" done="Your name was changed.">
        <Field
          label="What the others call you"
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
      currentPassword: [current, "Enter the password that you have."],
      newPassword: [next, "Choose a new password."],
    });
    await api.account.changePassword(current, next);
    setCurrent("");
    setNext("");
  });
  return (
    <section className="card" aria-labelledby="password-heading">
      <h2 id="password-heading">Password</h2>
      <Form
        action={action}
        label="Change the password"
        testId="password-button"
        done="Your password was changed. Other browsers are signed out."
      >
        <Field
          label="Present password"
          name="currentPassword"
          type="password"
          autoComplete="current-password"
          testId="password-current"
          value={current}
          error={action.error}
          onChange={setCurrent}
        />
        <Field
          label="New password"
          name="newPassword"
          type="password"
          autoComplete="new-password"
          hint="At least 8 characters. All other browsers are signed out."
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
    needAll({ password: [password, "Enter your password, to be sure that it is you."] });
    await api.account.delete(password);
    navigate("/");
  });
  return (
    <section className="card" aria-labelledby="delete-heading">
      <h2 id="delete-heading">Delete the account</h2>
      <p className="hint">Your rooms go with it, and calls in them end. This can’t be undone.</p>
      <Form action={action} label="Delete my account" testId="delete-account-button" danger>
        <Field
          label="Your password"
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
