/** Signing in, and going back to where one came from. */

import { ApiError } from "@connect/client";
import { useState } from "react";

import { Field, Form, needAll, useAction } from "./form";
import { Link } from "./Link";
import { comingBack, navigate, nextPage } from "./navigation";
import { Heading, Page } from "./Page";
import { api, useConfig } from "./server";

export function SignIn() {
  const { registration } = useConfig();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const action = useAction(async () => {
    needAll({ email: [email, "Enter your e-mail address."], password: [password, "Enter your password."] });
    await api.account.signIn(email.trim(), password);
    navigate(nextPage());
  });
  return (
    <Page className="narrow">
      <Heading title="Sign in">Sign in</Heading>
      <Form action={action} label="Sign in" testId="signin-button" explain={explain}>
        <Field
          label="E-mail"
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
          label="Password"
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
          No account yet? <Link to={comingBack("/signup")}>Sign up</Link>
        </p>
      )}
    </Page>
  );
}

function explain(error: unknown): string | null {
  return error instanceof ApiError && error.status === 401
    ? "There is no account with this e-mail address and password."
    : null;
}
