/** What people and programs tell each other, and what moderators ask for. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Call } from "../src/call";
import { FakeMediaDevices, FakeServer, Refusal } from "./fakes";
import { joinedCall } from "./in-call";

const said = (id: string, text = "Hello") => ({ id, peerId: "grace", displayName: "Grace", text, sentAt: 1 });

describe("Meeting", () => {
  let server: FakeServer;
  let call: Call;

  beforeEach(async () => {
    FakeMediaDevices.install();
    server = new FakeServer();
  });

  afterEach(() => call.leave());

  const now = () => call.state.get();
  const start = async (welcome: object = {}) => {
    server.answers["join"] = () => ({ peers: [{ id: "grace", displayName: "Grace" }], ...welcome });
    call = await joinedCall();
  };
  const texts = () => {
    const heard: string[] = [];
    call.meeting.on("chat", ({ text }) => heard.push(text));
    return heard;
  };

  test("shows what was said and who wanted to speak before one came", async () => {
    await start({ chat: [said("1")], hands: [{ peerId: "grace", raisedAt: 5 }], role: "owner", locked: true });
    expect(now().chat).toEqual([said("1")]);
    expect(now().hands).toEqual([{ peerId: "grace", raisedAt: 5 }]);
    expect(now()).toMatchObject({ role: "owner", settings: { locked: true, lobby: false } });
  });

  test("what is said shows up, and is told", async () => {
    await start();
    const heard = texts();
    await call.meeting.say("Hello");
    expect(server.asked("sendChatMessage")).toEqual([{ text: "Hello" }]);
    server.notify("chatMessage", said("1"));
    server.notify("chatMessage", said("2", "Goodbye"));
    expect(now().chat.map(({ id }) => id)).toEqual(["1", "2"]);
    expect(heard).toEqual(["Hello", "Goodbye"]);
  });

  test("a lost connection loses nothing that was said, and doubles nothing", async () => {
    await start();
    for (const id of ["1", "2"]) server.notify("chatMessage", said(id));
    server.answers["join"] = () => ({ peers: [], chat: [said("2"), said("3")] });
    server.socket?.end(1006);
    expect(now().chat).toHaveLength(2);
    await vi.waitFor(() => expect(now().chat.map(({ id }) => id)).toEqual(["1", "2", "3"]));
  });

  test("what was said while one was away is told when one has come again, and what was said before is not", async () => {
    await start({ chat: [said("1", "early")] });
    const heard = texts();
    const chat = [said("1", "early"), said("2", "missed"), said("3", "too")];
    server.answers["join"] = () => ({ peers: [], chat });
    server.socket?.end(1006);
    await vi.waitFor(() => expect(heard).toEqual(["missed", "too"]));
  });

  test("what was said while a session was held is told when it is resumed", async () => {
    await start({ chat: [said("1", "early")], sessionId: "session", resumeToken: "first" });
    const heard = texts();
    const nothing = { transports: [], producers: [], consumers: [], dataProducers: [], dataConsumers: [] };
    const chat = [said("1", "early"), said("2", "missed")];
    server.answers["resume"] = () => ({ peers: [], chat, sessionId: "session", resumeToken: "second", ...nothing });
    server.socket?.end(1006);
    await vi.waitFor(() => expect(heard).toEqual(["missed"]));
    expect(server.asked("join")).toHaveLength(1);
  });

  test("a chat that goes on for days forgets what is oldest", async () => {
    await start();
    for (let id = 0; id < 501; id += 1) server.notify("chatMessage", said(String(id)));
    expect(now().chat).toHaveLength(500);
    expect(now().chat[0]?.id).toBe("1");
  });

  test("who speaks too fast is told", async () => {
    await start();
    server.answers["sendChatMessage"] = () => {
      throw new Refusal(429, "wait 3 s", "too_many_requests");
    };
    await expect(call.meeting.say("Hello")).rejects.toMatchObject({ errorName: "too_many_requests" });
  });

  test("a reaction is for the moment", async () => {
    await start();
    const seen: string[] = [];
    call.meeting.on("reaction", ({ peerId, reaction }) => seen.push(`${peerId} ${reaction}`));
    await call.meeting.react("👏");
    server.notify("reaction", { peerId: "me", reaction: "👏" });
    expect(seen).toEqual(["me 👏"]);
  });

  test("hands are shown in order, until they go down or their owners leave", async () => {
    await start();
    await call.meeting.raiseHand();
    for (const peerId of ["grace", "li", "me"]) server.notify("handRaised", { peerId, raisedAt: 1 });
    expect(now().hands.map(({ peerId }) => peerId)).toEqual(["grace", "li", "me"]);
    server.notify("handLowered", { peerId: "li" });
    server.notify("peerClosed", { peerId: "grace" });
    expect(now().hands.map(({ peerId }) => peerId)).toEqual(["me"]);
    expect(now().notice).toBeNull();
    server.notify("handLowered", { peerId: "me", by: { peerId: "grace", name: "Grace" } });
    expect(now().notice).toBe("Grace lowered your hand.");
  });

  test("what peers say of themselves is shown, also of oneself", async () => {
    await start();
    await call.meeting.describe({ attributes: { seat: "3" } });
    expect(server.asked("updateMetadata")).toEqual([{ attributes: { seat: "3" } }]);
    const told = { metadata: "{}", attributes: { seat: "3" }, displayName: "Grace H." };
    for (const peerId of ["me", "grace"]) server.notify("peerUpdated", { peerId, ...told });
    expect(now()).toMatchObject({ metadata: "{}", attributes: { seat: "3" } });
    expect(now().peers).toMatchObject([{ id: "grace", ...told }]);
  });

  test("another name is told, and is the one under which one comes again", async () => {
    await start();
    await call.meeting.rename("Ada L.");
    expect(server.asked("changeDisplayName")).toEqual([{ displayName: "Ada L." }]);
    expect(now().displayName).toBe("Ada L.");
    server.socket?.end(1006);
    await vi.waitFor(() => expect(server.asked("join")).toMatchObject([{}, { displayName: "Ada L." }]));
  });

  test("a hand that was up, and what one said of oneself, are told to the next connection", async () => {
    await start();
    await call.meeting.raiseHand();
    server.notify("handRaised", { peerId: "me", raisedAt: 1 });
    await call.meeting.describe({ metadata: "{}", attributes: { seat: "3" } });
    await call.meeting.describe({ attributes: { coat: "red" } });
    server.socket?.end(1006);
    expect(now().hands).toEqual([]);
    await vi.waitFor(() => expect(server.asked("raiseHand")).toHaveLength(2));
    expect(server.asked("updateMetadata").slice(2)).toEqual([
      { metadata: "{}", attributes: { seat: "3", coat: "red" } },
    ]);
  });

  test("a hand that the server still knows, or that is down, is not raised again", async () => {
    await start({ hands: [{ peerId: "me", raisedAt: 1 }] });
    await call.meeting.raiseHand();
    const again = async () => {
      const { length } = server.asked("join");
      server.socket?.end(1006);
      await vi.waitFor(() => expect(server.asked("join")).toHaveLength(length + 1));
      await vi.waitFor(() => expect(now().status).toBe("joined"));
    };
    await again();
    expect(now().hands).toEqual([{ peerId: "me", raisedAt: 1 }]);
    server.answers["join"] = () => ({ peers: [] });
    server.notify("handLowered", { peerId: "me", by: { peerId: "grace", name: "Grace" } });
    await again();
    await call.meeting.raiseHand();
    await call.meeting.lowerHand();
    await again();
    expect(server.asked("raiseHand")).toHaveLength(2);
    expect(server.asked("updateMetadata")).toEqual([]);
  });

  test("programs send each other texts", async () => {
    await start();
    const heard: unknown[] = [];
    call.meeting.on("data", (message) => heard.push(message));
    await call.meeting.sendData("cursor", "1,2");
    await call.meeting.sendData("cursor", "1,2", { to: ["grace"] });
    expect(server.asked("sendData")).toEqual([
      { topic: "cursor", payload: "1,2" },
      { topic: "cursor", payload: "1,2", to: ["grace"] },
    ]);
    const message = { topic: "cursor", payload: "3,4", from: "grace", sentAt: 1 };
    server.notify("dataMessage", message);
    expect(heard).toEqual([message]);
  });

  test("loudness is what it is now, quality what was told last of each", async () => {
    await start();
    server.notify("audioLevels", { levels: [{ peerId: "grace", volume: -20 }] });
    server.notify("audioLevels", { levels: [{ peerId: "me", volume: -30 }] });
    expect(now().audioLevels).toEqual({ me: -30 });
    server.notify("connectionQuality", { peers: [{ peerId: "grace", quality: "good", score: 7 }] });
    server.notify("connectionQuality", { peers: [{ peerId: "me", quality: "lost", score: 0 }] });
    expect(now().qualities).toEqual({ grace: "good", me: "lost" });
    server.notify("peerClosed", { peerId: "grace" });
    expect(now().qualities).toEqual({ me: "lost" });
  });

  test("what a moderator changes of the room is shown", async () => {
    await start();
    server.notify("roomUpdated", { name: "", locked: true, lobby: true, metadata: "m", lastN: 4 });
    expect(now()).toMatchObject({ roomName: "garden", settings: { locked: true, lastN: 4, unmuteAllowed: true } });
  });

  test("moderators ask by the server's names", async () => {
    await start();
    const { moderation } = call;
    await moderation.mute("grace");
    await moderation.mute("grace", "p1");
    await moderation.unmute("grace");
    await moderation.muteAll();
    await moderation.stopVideo("grace");
    await moderation.stopScreenShare("grace");
    await moderation.lowerHand("grace");
    await moderation.lowerAllHands();
    await moderation.lock();
    await moderation.lock(false);
    await moderation.updateRoom({ lastN: 4 });
    await moderation.transferOwnership("grace");
    await moderation.remove("grace");
    await moderation.ban("grace");
    moderation.closeRoom();
    const peerId = "grace";
    expect(server.requests.slice(-15)).toEqual([
      { method: "moderator:mutePeer", data: { peerId } },
      { method: "moderator:mutePeer", data: { peerId, producerId: "p1" } },
      { method: "moderator:unmutePeer", data: { peerId } },
      { method: "moderator:muteAll", data: {} },
      { method: "moderator:stopVideo", data: { peerId } },
      { method: "moderator:stopScreenShare", data: { peerId } },
      { method: "moderator:lowerHand", data: { peerId } },
      { method: "moderator:lowerAllHands", data: {} },
      { method: "moderator:lockRoom", data: {} },
      { method: "moderator:unlockRoom", data: {} },
      { method: "moderator:updateRoom", data: { lastN: 4 } },
      { method: "moderator:transferOwnership", data: { peerId } },
      { method: "moderator:removePeer", data: { peerId } },
      { method: "moderator:banPeer", data: { peerId } },
      { method: "moderator:closeRoom", data: {} },
    ]);
  });

  test("a call that may not be ended goes on, and why is told", async () => {
    await start();
    server.answers["moderator:closeRoom"] = () => {
      throw new Refusal(403, "for moderators only", "not_allowed");
    };
    call.moderation.closeRoom();
    await vi.waitFor(() => expect(now().notice).toBe("The call could not be ended (for moderators only)."));
  });
});
