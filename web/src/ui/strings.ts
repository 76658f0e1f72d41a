/** What the meeting says, in one place: chat, hands, reactions, people, quality. */

import type { ConnectionQuality } from "@connect/client";

export const STRINGS = {
  close: "Close",
  dismiss: "Dismiss",
  chat: {
    title: "Chat",
    hint: "Chat (C)",
    unread: (count: number) => `${count} unread`,
    empty: "Nothing was said yet.",
    input: "Message to everyone",
    send: "Send",
    you: "You",
    news: (name: string, text: string) => `${name} says: ${text}`,
  },
  hand: {
    label: "Raise your hand",
    raise: "Raise your hand (H)",
    lower: "Lower your hand (H)",
    place: (place: number) => `Hand raised, number ${place}`,
    news: (name: string) => `${name} raised a hand.`,
  },
  reactions: {
    label: "React",
    news: (name: string, reaction: string) => `${name} reacts with ${reaction}`,
  },
  people: {
    title: "People",
    hint: "People (P)",
    you: "you",
    microphone: (on: boolean) => (on ? "Microphone on" : "Muted"),
    camera: (on: boolean) => (on ? "Camera on" : "Camera off"),
    moderate: (name: string) => `Moderate ${name}`,
    mute: "Mute",
    stopVideo: "Stop video",
    lowerHand: "Lower hand",
    remove: "Remove",
    muteAll: "Mute all",
    lock: "Lock the room",
    of: (action: string, name: string) => `${action}: ${name}`,
  },
  quality: {
    excellent: "Connection: excellent",
    good: "Connection: good",
    poor: "Connection: poor",
    lost: "Connection: lost",
  } satisfies Record<ConnectionQuality, string>,
};

/** What one can react with at a click, and what it is called. */
export const REACTIONS = [
  { reaction: "👍", name: "Thumbs up" },
  { reaction: "👏", name: "Applause" },
  { reaction: "❤️", name: "Heart" },
  { reaction: "😂", name: "Laughing" },
  { reaction: "😮", name: "Surprised" },
  { reaction: "🎉", name: "Celebrating" },
];
