import { beforeEach, describe, expect, test, vi } from "vitest";

import { Api } from "../src/api";
import { ApiRefusal, FakeApi, FakeStorage } from "./fake-api";

describe("Api", () => {
  let fake: FakeApi;
  let api: Api;

  beforeEach(async () => {
    FakeStorage.install();
    const tokens = { accessToken: "access", expiresIn: 900, refreshToken: "refresh" };
    fake = new FakeApi({ "POST /api/auth/login": () => ({ ...tokens, user: { id: "1" } }) });
    api = new Api("https://server");
  });

  const signIn = () => api.account.signIn("ada@example.org", "secret");

  test("lists rooms page by page", async () => {
    await signIn();
    fake.answers["GET /api/rooms"] = () => ({ items: [{ code: "a" }], next: "n1" });
    expect(await api.rooms()).toEqual({ items: [{ code: "a" }], next: "n1" });
    await api.rooms("n1", 50);
    expect(fake.paths().slice(1)).toEqual(["GET /api/rooms", "GET /api/rooms?cursor=n1&limit=50"]);
  });

  test("makes, changes and deletes a room", async () => {
    await signIn();
    fake.answers["POST /api/rooms"] = ({ body }) => ({ code: "abcd", ...(body as object) });
    fake.answers["PATCH /api/rooms/abcd"] = ({ body }) => body;
    fake.answers["DELETE /api/rooms/abcd"] = () => undefined;
    const room = await api.createRoom({ name: "Garden", lobby: true });
    expect(room).toMatchObject({ code: "abcd", lobby: true });
    expect(await api.updateRoom("abcd", { locked: true })).toEqual({ locked: true });
    await api.deleteRoom("abcd");
    expect(fake.asked.at(-1)?.token).toBe("access");
  });

  test("a guest joins without an account, and a member with theirs", async () => {
    fake.answers["POST /api/rooms/abcd/join"] = ({ token, body }) => ({ token, body });
    expect(await api.join("abcd", "Li")).toEqual({ token: null, body: { displayName: "Li" } });
    await signIn();
    expect(await api.join("abcd")).toEqual({ token: "access", body: {} });
  });

  test("members and invitations are the room's", async () => {
    await signIn();
    const page = { items: [], next: null };
    fake.answers["GET /api/rooms/abcd/members"] = () => page;
    fake.answers["PATCH /api/rooms/abcd/members/2"] = ({ body }) => body;
    fake.answers["DELETE /api/rooms/abcd/members/2"] = () => undefined;
    fake.answers["GET /api/rooms/abcd/invitations"] = () => page;
    fake.answers["POST /api/rooms/abcd/invitations"] = () => ({ id: "i", token: "t", url: "u" });
    fake.answers["DELETE /api/rooms/abcd/invitations/i"] = () => undefined;
    fake.answers["POST /api/invitations/accept"] = ({ body }) => body;
    expect(await api.members("abcd")).toEqual(page);
    expect(await api.changeRole("abcd", "2", "moderator")).toEqual({ role: "moderator" });
    await api.removeMember("abcd", "2");
    expect(await api.invitations("abcd")).toEqual(page);
    expect((await api.invite("abcd", { role: "member" })).token).toBe("t");
    await api.withdrawInvitation("abcd", "i");
    expect(await api.acceptInvitation("t")).toEqual({ token: "t" });
  });

  test("a name with signs in it stays one part of the path", async () => {
    fake.answers["GET /api/rooms/a%2Fb"] = () => ({ code: "a/b" });
    expect(await api.room("a/b")).toEqual({ code: "a/b" });
  });

  test("a refusal says what is wrong with which field", async () => {
    fake.answers["POST /api/auth/register"] = () => {
      throw new ApiRefusal(400, "bad_request", { fields: { email: ["Not an address."] } });
    };
    await expect(api.account.register("x", "y", "z")).rejects.toMatchObject({
      status: 400,
      errorName: "bad_request",
      message: "no: bad_request",
      fields: { email: ["Not an address."] },
      retryAfter: null,
    });
  });

  test("a refusal says when to come again", async () => {
    fake.answers["GET /api/config"] = () => {
      throw new ApiRefusal(429, "too_many_requests", { retryAfter: 17 });
    };
    await expect(api.config()).rejects.toMatchObject({ status: 429, retryAfter: 17 });
  });

  test("a proxy's page instead of our answer is a refusal, too", async () => {
    vi.stubGlobal("fetch", async () => new Response("<html>", { status: 502, statusText: "Bad Gateway" }));
    await expect(api.config()).rejects.toMatchObject({ status: 502, message: "Bad Gateway", errorName: "" });
  });

  test("a page that pretends to be an answer is told from one", async () => {
    vi.stubGlobal("fetch", async () => new Response("<html>", { status: 200 }));
    await expect(api.config()).rejects.toMatchObject({ status: 502 });
  });

  test("a server that is not there has status 0", async () => {
    await expect(api.config()).rejects.toMatchObject({ status: 0, errorName: "unreachable" });
  });
});
