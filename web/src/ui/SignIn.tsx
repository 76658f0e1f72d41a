/** Signing in, and going back to where one came from. */

import { ApiError } from "@connect/client";
import { useState } from "react";

import { Field, Form, needAll, useAction } from "./form";
import { Link } from "./Link";
import { comingBack, navigate, nextPage } from "./navigation";
import { Heading, Page } from "./Page";
import { api, useConfig } from "./server";
import { STRINGS } from "./strings";

const WORDS = STRINGS.account;

export function SignIn() {
  const { registration } = useConfig();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const action = useAction(async () => {
    needAll({ email: [email, WORDS.emailMissing], password: [password, WORDS.passwordMissing] });
    await api.account.signIn(email.trim(), password);
    navigate(nextPage());
  });
  return (
    <Page className="narrow">
      <Heading title={WORDS.signIn}>{WORDS.signIn}</Heading>
      <Form action={action} label={WORDS.signIn} testId="signin-button" explain={explain}>
        <Field
          label={WORDS.email}
          name="email"
          type="email"
          autoComplete="username"
          testId="signin-email"
          autoFocus
          value={email}
          error={action.error}
          onChange={setEmail}
        />
        <Field
          label={WORDS.password}
          name="password"
          type="password"
          autoComplete="current-password"
          testId="signin-password"
          value={password}
          error={action.error}
          onChange={setPassword}
        />
      </Form>
      {registration && (
        <p className="aside">
          {WORDS.noneYet} <Link to={comingBack("/signup")}>{WORDS.signUp}</Link>
        </p>
      )}
    </Page>
  );
}

function explain(error: unknown): string | null {
  return error instanceof ApiError && error.status === 401 ? WORDS.wrong : null;
}
