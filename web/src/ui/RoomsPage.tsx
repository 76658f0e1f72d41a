/** My rooms: make one, send its link, go in, delete it. */

import type { Room, User } from "@connect/client";
import { useEffect, useState } from "react";

import { useAction } from "./form";
import { GoToRoom } from "./GoToRoom";
import { NewRoom } from "./NewRoom";
import { Heading, Page } from "./Page";
import { RoomCard } from "./RoomCard";
import { api } from "./server";
import { STRINGS } from "./strings";
import { wordsFor } from "./words";

const WORDS = STRINGS.rooms;

/** How often the numbers of people are asked for again, in ms. */
const REFRESH_EVERY = 15_000;

export function RoomsPage({ user }: { user: User }) {
  const { rooms, next, loading, error, more, add, remove } = useRooms();
  const [news, setNews] = useState("");
  return (
    <Page className="rooms">
      <div className="rooms-list">
        <Heading title={WORDS.heading}>{WORDS.heading}</Heading>
        {error !== null && (
          <p className="problem" role="alert" data-testid="error-message">
            {wordsFor(error)}
          </p>
        )}
        {rooms.length === 0 && (
          <p className="lead">{loading ? WORDS.loading : error ? "" : WORDS.none}</p>
        )}
        <ul className="cards">
          {rooms.map((room) => (
            <RoomCard
              key={room.code}
              room={room}
              user={user}
              onGone={() => {
                remove(room);
                setNews(WORDS.gone(room.name));
              }}
            />
          ))}
        </ul>
        {next !== null && (
          <button
            type="button"
            className="button"
            data-testid="more-rooms"
            aria-disabled={loading}
            onClick={more}
          >
            {WORDS.more}
          </button>
        )}
        <p className="visually-hidden" role="status">
          {news}
        </p>
      </div>
      <div className="rooms-aside">
        <NewRoom
          onMade={(room) => {
            add(room);
            setNews(WORDS.made(room.name));
          }}
        />
        <GoToRoom label={WORDS.another} placeholder={STRINGS.landing.codeExample} />
      </div>
    </Page>
  );
}

function useRooms() {
  const [rooms, setRooms] = useState<readonly Room[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const page = useAction(async () => {
    const answer = await api.rooms(next ?? undefined);
    setRooms((known) => [...known, ...answer.items.filter((room) => !known.some(isSame(room)))]);
    setNext(answer.next);
  });
  // The first page comes by itself.
  useEffect(() => void page.run(), []);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void refresh(setRooms);
    }, REFRESH_EVERY);
    return () => clearInterval(timer);
  }, []);
  return {
    rooms,
    next,
    loading: page.pending,
    error: page.error,
    more: () => void page.run(),
    add: (room: Room) => setRooms((known) => [room, ...known]),
    remove: (room: Room) => setRooms((known) => known.filter((other) => other.code !== room.code)),
  };
}

/** Take over what changed in the newest rooms. What fails is tried again soon: what is shown is only a little old. */
async function refresh(setRooms: (change: (known: readonly Room[]) => readonly Room[]) => void): Promise<void> {
  try {
    const { items } = await api.rooms();
    setRooms((known) => known.map((room) => items.find(isSame(room)) ?? room));
  } catch (error) {
    console.warn("the rooms can't be looked up again", error);
  }
}

function isSame(room: Room): (other: Room) => boolean {
  return (other) => other.code === room.code;
}
