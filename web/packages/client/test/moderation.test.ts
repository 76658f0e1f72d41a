/** Calls with a door that asks: tokens, the lobby, and what moderators do. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Call } from "../src/call";
import { Door, type Pass } from "../src/door";
import { ApiError } from "../src/errors";
import { LocalMedia } from "../src/local-media";
import { DEFAULT_PERMISSIONS } from "../src/wire";
import { createDevice, FakeMediaDevices, FakeServer, QUICK, Refusal } from "./fakes";

const GRACE = { peerId: "grace", name: "Grace" };
const MODERATOR = { ...DEFAULT_PERMISSIONS, roomAdmin: true };

describe("Call", () => {
  let server: FakeServer;
  let media: LocalMedia;
  let call: Call;
  let passes: number;

  const pass = async (): Promise<Pass> => {
    passes += 1;
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    return { token: `token-${passes}`, peerId: "guest-1", url: "wss://server/ws", expiresAt };
  };
  const start = (enter: () => Promise<Pass> = pass) => {
    const door = new Door({ roomId: "garden", enter });
    call = new Call({ door, displayName: "Ada", media, createDevice, socketOptions: QUICK });
  };
  const now = () => call.state.get();
  const becomes = (status: string) => vi.waitFor(() => expect(now().status).toBe(status));
  const startIn = async (permissions = DEFAULT_PERMISSIONS) => {
    server.answers["join"] = () => ({ peers: [], permissions, roomName: "The garden" });
    start();
    await becomes("joined");
  };
  const putIntoLobby = () => {
    server.answers["join"] = () => {
      throw new Refusal(403, "somebody was asked to let you in", "in_lobby");
    };
  };
  /** What the page hears that asks why its websocket was refused. */
  const answerUnauthorized = () => {
    const error = { name: "unauthorized", message: "not good any more", fields: {} };
    vi.stubGlobal("fetch", async () => Response.json({ error }, { status: 401 }));
  };
  const local = () => media.state.get();

  beforeEach(() => {
    passes = 0;
    FakeMediaDevices.install();
    server = new FakeServer();
    media = new LocalMedia();
    vi.spyOn(console, "warn").mockReturnValue();
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("nothing listens there")));
  });

  afterEach(() => {
    call.leave();
    media.stop();
  });

  describe("with a pass", () => {
    test("joins as the one whom the pass names, and shows the room's name", async () => {
      await startIn();
      expect(server.socket?.url).toBe("wss://server/ws?roomId=garden&peerId=guest-1");
      expect(server.socket?.protocols).toEqual(["protoo", "bearer.token-1"]);
      expect(now()).toMatchObject({ peerId: "guest-1", roomName: "The garden" });
      server.notify("roomUpdated", { name: "The new garden", locked: false });
      expect(now().roomName).toBe("The new garden");
    });

    test("comes back with the same pass, so that nobody has to be asked", async () => {
      await startIn();
      server.socket?.end(1006);
      await becomes("reconnecting");
      await becomes("joined");
      expect(passes).toBe(1);
    });

    test("asks for another when the server does not take it any more", async () => {
      const enter = async () => {
        server.refuse = null;
        return pass();
      };
      start(enter);
      await becomes("joined");
      answerUnauthorized();
      server.refuse = 1006;
      server.socket?.end(1006);
      await becomes("reconnecting");
      await becomes("joined");
      expect(passes).toBe(2);
      expect(server.socket?.protocols).toContain("bearer.token-2");
    });

    test("a new pass that is refused ends the call", async () => {
      answerUnauthorized();
      server.refuse = 1006;
      start();
      await becomes("ended");
      expect(passes).toBe(1);
    });

    test.each([
      [401, "unauthorized", "account_needed"],
      [403, "banned", "banned"],
      [403, "room_locked", "room_locked"],
      [403, "not_allowed", "server_refused"],
      [404, "not_found", "room_missing"],
      [429, "limit_reached", "room_full"],
    ])("who gets none with %i %s is told: %s", async (status, errorName, code) => {
      start(async () => Promise.reject(new ApiError(status, "no", { errorName })));
      await becomes("ended");
      expect(now().problem?.code).toBe(code);
    });

    test("a server that can't give one now is asked again", async () => {
      let failures = 2;
      start(async () => (failures-- > 0 ? Promise.reject(new ApiError(503, "no database")) : pass()));
      const problems = new Set<string | undefined>();
      call.state.subscribe(() => problems.add(now().problem?.code));
      await becomes("joined");
      expect(problems).toContain("server_busy");
      expect(now().problem).toBeNull();
    });
  });

  describe("in the lobby", () => {
    test("waits until it is admitted, and then joins over the same connection", async () => {
      putIntoLobby();
      start();
      await becomes("waiting");
      expect(now().problem).toBeNull();
      server.answers["join"] = () => ({ peers: [] });
      server.notify("admitted", { by: GRACE });
      await becomes("joined");
      expect(server.asked("createWebRtcTransport")).toHaveLength(2);
    });

    test("sends nothing until then", async () => {
      putIntoLobby();
      await media.open();
      start();
      await becomes("waiting");
      await media.setMicrophone(false);
      expect(server.asked("produce")).toEqual([]);
    });

    test("goes on waiting after a lost connection", async () => {
      putIntoLobby();
      start();
      await becomes("waiting");
      server.socket?.end(1006);
      expect(now()).toMatchObject({ status: "waiting", problem: { code: "server_unreachable" } });
      await vi.waitFor(() => expect(now().problem).toBeNull());
      expect(server.asked("join")).toHaveLength(2);
    });

    test("hears that it was not let in, and by whom", async () => {
      putIntoLobby();
      start();
      await becomes("waiting");
      server.notify("removed", { reason: "rejected", by: GRACE });
      server.socket?.end(4000, "rejected");
      expect(now()).toMatchObject({ status: "ended", problem: { code: "rejected" } });
      expect(now().problem?.message).toBe("Grace did not let you in.");
    });
  });

  describe("of a moderator", () => {
    test("shows who waits, until they don't", async () => {
      await startIn(MODERATOR);
      server.notify("lobbyPeer", { peerId: "li", displayName: "Li" });
      server.notify("lobbyPeer", { peerId: "bo", displayName: "Bo" });
      server.notify("lobbyPeer", { peerId: "li", displayName: "Li Wei" });
      expect(now().lobby.map(({ displayName }) => displayName)).toEqual(["Li Wei", "Bo"]);
      server.notify("lobbyPeerClosed", { peerId: "li" });
      expect(now().lobby.map(({ peerId }) => peerId)).toEqual(["bo"]);
    });

    test("forgets who waits with the connection: the server tells it again", async () => {
      await startIn(MODERATOR);
      server.notify("lobbyPeer", { peerId: "li", displayName: "Li" });
      server.socket?.end(1006);
      expect(now().lobby).toEqual([]);
    });

    test("admits and rejects", async () => {
      await startIn(MODERATOR);
      await call.moderation.admit("li");
      await call.moderation.reject("bo");
      await call.moderation.admitAll();
      expect(server.asked("moderator:admitPeer")).toEqual([{ peerId: "li" }]);
      expect(server.asked("moderator:rejectPeer")).toEqual([{ peerId: "bo" }]);
      expect(server.asked("moderator:admitAll")).toHaveLength(1);
    });
  });

  describe("of somebody who is moderated", () => {
    test("the microphone goes off, and who did it is told", async () => {
      await media.open();
      await startIn();
      server.notify("mutedByModerator", { producerId: "p", source: "microphone", mayUnmute: true, by: GRACE });
      await vi.waitFor(() => expect(local().microphone.on).toBe(false));
      expect(now().notice).toBe("Grace muted you.");
      call.moderation.dismissNotice();
      expect(now().notice).toBeNull();
    });

    test("a microphone that may not be turned on again goes off again", async () => {
      await media.open();
      await startIn();
      await vi.waitFor(() => expect(server.asked("produce")).toHaveLength(2));
      server.notify("mutedByModerator", { producerId: "p", source: "microphone", mayUnmute: false, by: GRACE });
      await vi.waitFor(() => expect(server.asked("pauseProducer")).toHaveLength(1));
      server.answers["resumeProducer"] = () => {
        throw new Refusal(403, "a moderator muted you", "not_allowed");
      };
      await media.setMicrophone(true);
      await vi.waitFor(() => expect(now().problem?.code).toBe("publish_failed"));
      await vi.waitFor(() => expect(local().microphone.on).toBe(false));
    });

    test("a camera that was stopped goes off, and may be turned on again", async () => {
      await media.open({ microphone: false });
      server.answers["produce"] = () => ({ id: "my-camera" });
      await startIn();
      await vi.waitFor(() => expect(server.asked("produce")).toHaveLength(1));
      const closed = { producerId: "my-camera", source: "camera", by: GRACE };
      server.notify("producerClosed", { ...closed, reason: "stopped-by-moderator" });
      await vi.waitFor(() => expect(local().camera.on).toBe(false));
      expect(now().notice).toBe("Grace stopped your camera.");
      expect(server.asked("closeProducer")).toEqual([]);
      await media.setCamera(true);
      await vi.waitFor(() => expect(server.asked("produce")).toHaveLength(2));
    });

    test("what may not be sent any more is not sent", async () => {
      await startIn();
      const permissions = { ...DEFAULT_PERMISSIONS, canPublishSources: ["microphone"] };
      server.notify("permissionsChanged", { permissions, by: GRACE });
      expect(now()).toMatchObject({ permissions, notice: "Grace changed what you may do in this call." });
      await media.open();
      await vi.waitFor(() => expect(server.asked("produce")).toHaveLength(1));
      expect(server.asked("produce")[0]).toMatchObject({ appData: { source: "microphone" } });
    });

    test("who gets the room is told so, and who gives it away knows", async () => {
      await startIn();
      const permissions = { ...DEFAULT_PERMISSIONS, roomAdmin: true };
      server.notify("permissionsChanged", { permissions, role: "owner", by: GRACE });
      expect(now()).toMatchObject({ role: "owner", notice: "Grace made you the owner of this room." });
      call.moderation.dismissNotice();
      const by = { peerId: now().peerId, name: "Ada" };
      server.notify("permissionsChanged", { permissions, role: "moderator", by });
      expect(now()).toMatchObject({ role: "moderator", notice: null });
    });

    test("what may be sent again is sent again", async () => {
      await media.open();
      await startIn({ ...DEFAULT_PERMISSIONS, canPublish: false });
      expect(server.asked("produce")).toEqual([]);
      server.notify("permissionsChanged", { permissions: DEFAULT_PERMISSIONS, by: null });
      await vi.waitFor(() => expect(server.asked("produce")).toHaveLength(2));
    });

    test.each([
      ["removed", "removed", "Grace removed you from this call."],
      ["banned", "banned", "Grace removed you from this call, and you can't come back."],
      ["permissions-changed", "removed", "Grace removed you from this call."],
    ])("who is %s does not come back by itself", async (reason, code, message) => {
      await startIn();
      server.notify("removed", { reason, by: GRACE });
      server.socket?.end(4000, reason);
      expect(now()).toMatchObject({ status: "ended", problem: { code, message } });
    });
  });
});
