/** The form that makes a room. */

import type { Access, Room } from "@connect/client";
import { useState } from "react";

import { Checkbox, Field, Form, needAll, Select, useAction } from "./form";
import { api } from "./server";
import { STRINGS } from "./strings";

const WORDS = STRINGS.newRoom;

const ACCESS: readonly (readonly [Access, string])[] = [
  ["anyone", WORDS.choices.anyone],
  ["users", WORDS.choices.users],
  ["members", WORDS.choices.members],
];

export function NewRoom({ onMade }: { onMade: (room: Room) => void }) {
  const [name, setName] = useState("");
  const [access, setAccess] = useState<Access>("anyone");
  const [lobby, setLobby] = useState(false);
  const [most, setMost] = useState("");
  const action = useAction(async () => {
    needAll({ name: [name, WORDS.nameMissing] });
    const maxParticipants = most.trim() === "" ? null : Number(most);
    const room = await api.createRoom({ name: name.trim(), access, lobby, maxParticipants });
    setName("");
    setMost("");
    onMade(room);
  });
  return (
    <section className="card" aria-labelledby="new-room-heading">
      <h2 id="new-room-heading">{WORDS.heading}</h2>
      <Form action={action} label={WORDS.button} testId="create-room-button">
        <Field
          label={WORDS.name}
          name="name"
          placeholder={WORDS.example}
          autoComplete="off"
          maxLength={120}
          testId="create-room-name"
          value={name}
          error={action.error}
          onChange={setName}
        />
        <Select
          label={WORDS.access}
          options={ACCESS}
          value={access}
          testId="create-room-access"
          onChange={setAccess}
        />
        <Field
          label={WORDS.most}
          name="maxParticipants"
          type="number"
          min={1}
          inputMode="numeric"
          placeholder={WORDS.mostExample}
          testId="create-room-max"
          value={most}
          error={action.error}
          onChange={setMost}
        />
        <Checkbox
          label={WORDS.lobby}
          checked={lobby}
          testId="create-room-lobby"
          onChange={setLobby}
        />
      </Form>
    </section>
  );
}
