/** Before the call: look at yourself, choose devices, say your name. */

import {
  accessProblem,
  isRoomCode,
  type LocalMedia,
  type LocalState,
  type Problem,
  type Room,
} from "@connect/client";
import { useEffect, useState, type FormEvent } from "react";

import { Devices } from "./Devices";
import { useStore, useTitle } from "./hooks";
import { Link } from "./Link";
import { comingBack } from "./navigation";
import { Header } from "./Page";
import { Preview } from "./Preview";
import { rememberedName } from "./remember";
import { api, useConfig, useUser } from "./server";
import { useShortcuts } from "./shortcuts";
import { STRINGS } from "./strings";
import { toggleCamera, toggleMicrophone } from "./toggles";

interface EntranceProps {
  roomId: string;
  media: LocalMedia;
  onJoin: (displayName: string) => void;
}

export function Entrance({ roomId, media, onJoin }: EntranceProps) {
  const user = useUser();
  const local = useStore(media.state);
  const { info, problem } = useRoom(roomId);
  const title = info?.name || roomId;
  useTitle(title);
  const [name, setName] = useState(() => user?.displayName ?? rememberedName());
  const [nameless, setNameless] = useState(false);
  useShortcuts({
    microphone: () => toggleMicrophone(media),
    camera: () => toggleCamera(media),
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) onJoin(name.trim());
    else setNameless(true);
  };

  return (
    <div className="page entrance">
      <Header />
      <main className="entrance-body">
        <section className="entrance-preview" aria-label={STRINGS.entrance.preview}>
          <Preview local={local} media={media} name={name} />
          <Devices local={local} media={media} />
        </section>
        <form className="entrance-form" onSubmit={submit} noValidate>
          <p className="eyebrow">{STRINGS.entrance.ready}</p>
          <h1>{title}</h1>
          <label htmlFor="name">{STRINGS.entrance.name}</label>
          <input
            id="name"
            className="input"
            data-testid="name-input"
            placeholder={STRINGS.entrance.namePlaceholder}
            autoComplete="name"
            maxLength={64}
            dir="auto"
            value={name}
            autoFocus={name === ""}
            aria-invalid={nameless}
            aria-describedby={nameless ? "name-problem" : undefined}
            onChange={(event) => {
              setName(event.target.value);
              setNameless(false);
            }}
          />
          {nameless && (
            <p id="name-problem" className="problem" role="alert">
              {STRINGS.entrance.nameless}
            </p>
          )}
          {problem && (
            <p className="problem" role="alert" data-testid="error-message">
              {problem.message}
            </p>
          )}
          {problem?.code === "account_needed" ? (
            <SignInFirst />
          ) : (
            <button type="submit" className="button primary large" data-testid="join-button">
              {STRINGS.entrance.join}
            </button>
          )}
          {info?.lobby && <p className="hint">{STRINGS.entrance.lobby}</p>}
          <Problems problems={problemsOf(local)} />
        </form>
      </main>
    </div>
  );
}

/** The ways to an account, and back here. */
export function SignInFirst() {
  const { registration } = useConfig();
  return (
    <div className="message-actions">
      <Link to={comingBack("/signin")} className="button primary large" testId="signin-first">
        {STRINGS.entrance.signIn}
      </Link>
      {registration && (
        <Link to={comingBack("/signup")} className="button large">
          {STRINGS.entrance.signUp}
        </Link>
      )}
    </div>
  );
}

/** What there is to know beforehand of a room that has a code. To find out nothing is no problem: joining tells the rest. */
function useRoom(roomId: string): { info: Room | null; problem: Problem | null } {
  const user = useUser();
  const { openRooms } = useConfig();
  const [info, setInfo] = useState<Room | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    if (!isRoomCode(roomId)) return;
    let current = true;
    setProblem(null);
    api.room(roomId).then(
      (room) => current && setInfo(room),
      (error: unknown) => current && setProblem(accessProblem(error, openRooms)),
    );
    return () => void (current = false);
  }, [roomId, user?.id, openRooms]);
  return { info, problem };
}

function Problems({ problems }: { problems: Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <div className="problem" role="alert" data-testid="error-message">
      {problems.map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
      <p>{STRINGS.entrance.joinAnyway}</p>
    </div>
  );
}

/** Each problem once: an insecure page is the same one for both devices. */
function problemsOf({ microphone, camera }: LocalState): Problem[] {
  const problems = [microphone.problem, camera.problem].filter((problem) => problem !== null);
  return problems.filter(
    ({ message }, index) => problems.findIndex((other) => other.message === message) === index,
  );
}
