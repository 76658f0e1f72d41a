/** Making an account, and being signed in with it at once. */

import { ApiError } from "@connect/client";
import { useState } from "react";

import { Field, Form, needAll, useAction } from "./form";
import { Link } from "./Link";
import { comingBack, navigate, nextPage } from "./navigation";
import { Heading, Page } from "./Page";
import { rememberedName } from "./remember";
import { api, useConfig } from "./server";
import { STRINGS } from "./strings";

const WORDS = STRINGS.account;

export function SignUp() {
  const { registration } = useConfig();
  return (
    <Page className="narrow">
      <Heading title={WORDS.signUp}>{WORDS.make}</Heading>
      <p className="lead">{registration ? WORDS.why : WORDS.askOperator}</p>
      {registration && <SignUpForm />}
      <p className="aside">
        {WORDS.haveOne} <Link to={comingBack("/signin")}>{WORDS.signIn}</Link>
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
      displayName: [displayName, WORDS.nameMissing],
      email: [email, WORDS.emailMissing],
      password: [password, WORDS.passwordToChoose],
    });
    await api.account.register(email.trim(), password, displayName.trim());
    await api.account.signIn(email.trim(), password);
    navigate(nextPage());
  });
  return (
    <Form action={action} label={WORDS.signUp} testId="signup-button" explain={explain}>
      <Field
        label={WORDS.name}
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
        label={WORDS.email}
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
        label={WORDS.password}
        name="password"
        type="password"
        autoComplete="new-password"
        hint={WORDS.passwordHint}
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
  return error instanceof ApiError && error.status === 401 ? WORDS.taken : null;
}
