/** The form that makes a room. */

import type { Access, Room } from "@connect/client";
import { useState } from "react";

import { Checkbox, Field, Form, needAll, Select, useAction } from "./form";
import { api } from "./server";

const ACCESS: readonly (readonly [Access, string])[] = [
  ["anyone", "Anyone with the link"],
  ["users", "Anyone with an account"],
  ["members", "Only those invited"],
];

export function NewRoom({ onMade }: { onMade: (room: Room) => void }) {
  const [name, setName] = useState("");
  const [access, setAccess] = useState<Access>("anyone");
  const [lobby, setLobby] = useState(false);
  const [most, setMost] = useState("");
  const action = useAction(async () => {
    needAll({ name: [name, "Give the room a name."] });
    const maxParticipants = most.trim() === "" ? null : Number(most);
    const room = await api.createRoom({ name: name.trim(), access, lobby, maxParticipants });
    setName("");
    setMost("");
    onMade(room);
  });
  return (
    <section className="card" aria-labelledby="new-room-heading">
      <h2 id="new-room-heading">New room</h2>
      <Form action={action} label="Make the room" testId="create-room-button">
        <Field
          label="Name"
          name="name"
          placeholder="Monday meeting"
          autoComplete="off"
          maxLength={120}
          testId="create-room-name"
          value={name}
          error={action.error}
          onChange={setName}
        />
        <Select
          label="Who may join"
          options={ACCESS}
          value={access}
          testId="create-room-access"
          onChange={setAccess}
        />
        <Field
          label="How many people at most"
          name="maxParticipants"
          type="number"
          min={1}
          inputMode="numeric"
          placeholder="as many as the server allows"
          testId="create-room-max"
          value={most}
          error={action.error}
          onChange={setMost}
        />
        <Checkbox
          label="Lobby: guests wait until you let them in"
          checked={lobby}
          testId="create-room-lobby"
          onChange={setLobby}
        />
      </Form>
    </section>
  );
}
