/** What the others call one, during a call. */

import type { Call } from "@connect/client";
import { useState } from "react";

import { Field, Form, needAll, useAction } from "./form";
import { rememberName } from "./remember";
import { STRINGS } from "./strings";

const WORDS = STRINGS.settings;

export function NameSetting({ call }: { call: Call }) {
  const [displayName, setDisplayName] = useState(() => call.state.get().displayName);
  const action = useAction(async () => {
    needAll({ displayName: [displayName, STRINGS.account.nameMissing] });
    await call.meeting.rename(displayName.trim());
    rememberName(displayName.trim());
  });
  return (
    <Form action={action} label={WORDS.rename} testId="call-name-button" done={WORDS.renamed}>
      <Field
        label={WORDS.name}
        name="displayName"
        autoComplete="name"
        maxLength={64}
        dir="auto"
        testId="call-name"
        value={displayName}
        error={action.error}
        onChange={setDisplayName}
      />
    </Form>
  );
}
