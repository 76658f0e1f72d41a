/** Making an account, and being signed in with it at once. */

import { ApiError } from "@connect/client";
import { useState } from "react";

import { Field, Form, needAll, useAction } from "./form";
import { Link } from "./Link";
import { comingBack, navigate, nextPage } from "./navigation";
import { Heading, Page } from "./Page";
import { rememberedName } from "./remember";
import { api, useConfig } from "./server";

export function SignUp() {
  const { registration } = useConfig();
  return (
    <Page className="narrow">
      <Heading title="Sign up">Make an account</Heading>
      <p className="lead">
        {registration
          ? "With an account you have rooms of your own, and decide who comes in."
          : "The operator of this server makes the accounts here. Ask there for one."}
      </p>
      {registration && <SignUpForm />}
      <p className="aside">
        You have an account? <Link to={comingBack("/signin")}>Sign in</Link>
      </p>
    </Page>
  );
}

function SignUpForm() {
  const [displayName, setDisplayName] = useState(rememberedName);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const action = useAction(async () => {
    needAll({
      displayName: [displayName, "Say what the others shall call you."],
      email: [email, "Enter your e-mail address."],
      password: [password, "Choose a password."],
    });
    await api.account.register(email.trim(), password, displayName.trim());
    await api.account.signIn(email.trim(), password);
    navigate(nextPage());
  });
  return (
    <Form action={action} label="Sign up" testId="signup-button" explain={explain}>
      <Field
        label="Your name"
        name="displayName"
        autoComplete="name"
        maxLength={64}
        testId="signup-name"
        autoFocus
        value={displayName}
        error={action.error}
        onChange={setDisplayName}
      />
      <Field
        label="E-mail"
        name="email"
        type="email"
        autoComplete="username"
        maxLength={254}
        testId="signup-email"
        value={email}
        error={action.error}
        onChange={setEmail}
      />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        hint="At least 8 characters. Long is better than complicated."
        maxLength={256}
        testId="signup-password"
        value={password}
        error={action.error}
        onChange={setPassword}
      />
    </Form>
  );
}

/** The server doesn't tell whether an address has an account; that the new password doesn't work there does. */
function explain(error: unknown): string | null {
  return error instanceof ApiError && error.status === 401
    ? "This address may have an account already. Sign in with its password instead."
    : null;
}
