/** What a room may be called. */

/** The server's rule for `roomId`. */
const ROOM_ID = /^[A-Za-z0-9._~@:-]{1,64}$/;

/** Say what is wrong with a room's name, or null when it is fine. */
export function roomNameProblem(name: string): string | null {
  if (name.length === 0) return "Choose a name for the room.";
  if (name.length > 64) return "A room's name has at most 64 characters.";
  if (!ROOM_ID.test(name)) return "A room's name is made of letters A–Z, digits and - _ . ~ @ : only.";
  // Browsers take these out of an address.
  if (name === "." || name === "..") return "A room's name must hold a letter or digit.";
  return null;
}

/** Whether this is the code of a room that somebody made with their account; other names may be no more than names. */
export function isRoomCode(name: string): boolean {
  return /^[b-df-hjkmnp-tv-z]{4}(-[b-df-hjkmnp-tv-z]{4}){2}$/.test(name);
}

const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aeiou";

/** A name that can be said aloud and is hard to guess: about 55 bits. */
export function randomRoomName(): string {
  const random = crypto.getRandomValues(new Uint8Array(18));
  const letter = (index: number): string => {
    const letters = index % 2 === 0 ? CONSONANTS : VOWELS;
    return letters.charAt((random[index] ?? 0) % letters.length);
  };
  const syllables = Array.from({ length: 18 }, (_, index) => letter(index)).join("");
  return [syllables.slice(0, 6), syllables.slice(6, 12), syllables.slice(12)].join("-");
}
