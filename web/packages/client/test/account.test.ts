import { beforeEach, describe, expect, test, vi } from "vitest";

import { Account } from "../src/account";
import { CredentialStore } from "../src/credentials";
import { ApiError } from "../src/errors";
import { ApiRefusal, FakeApi, FakeStorage, type Asked } from "./fake-api";

const ADA = { id: "1", email: "ada@example.org", displayName: "Ada", isAdmin: false };
const KEY = "connect.account";

describe("Account", () => {
  let api: FakeApi;
  let storage: FakeStorage;
  let serial: number;

  /** Tokens as the server makes them: each pair is another one. */
  const tokens = () => {
    serial += 1;
    return {
      accessToken: `access-${serial}`,
      tokenType: "Bearer",
      expiresIn: 900,
      refreshToken: `refresh-${serial}`,
    };
  };
  const newest = ({ token }: Asked) => {
    if (token !== `access-${serial}`) throw new ApiRefusal(401, "unauthorized");
    return { token };
  };
  const make = () => new Account("https://server", new CredentialStore());
  const signedIn = async () => {
    const account = make();
    await account.signIn(ADA.email, "secret");
    return account;
  };
  const ask = { method: "GET", path: "/api/rooms" } as const;

  beforeEach(() => {
    vi.useRealTimers();
    serial = 0;
    storage = FakeStorage.install();
    api = new FakeApi({
      "POST /api/auth/register": () => ({}),
      "POST /api/auth/login": () => ({ ...tokens(), user: ADA }),
      "POST /api/auth/refresh": () => tokens(),
      "POST /api/auth/logout": () => undefined,
      "GET /api/rooms": newest,
    });
  });

  test("signs up and in, and is known", async () => {
    const account = make();
    await account.register(ADA.email, "secret", "Ada");
    expect(account.user).toBeNull();
    expect(await account.signIn(ADA.email, "secret")).toEqual(ADA);
    expect(account.user).toEqual(ADA);
    expect(api.asked.map(({ body }) => body)).toEqual([
      { email: ADA.email, password: "secret", displayName: "Ada" },
      { email: ADA.email, password: "secret" },
    ]);
  });

  test("is remembered by the next page, without its password", async () => {
    await signedIn();
    expect(make().user).toEqual(ADA);
    expect(storage.text()).not.toContain("secret");
  });

  test("asks with its token", async () => {
    const account = await signedIn();
    expect(await account.ask(ask)).toEqual({ token: "access-1" });
  });

  test("nobody's requests that need somebody are refused without asking", async () => {
    await expect(make().ask(ask)).rejects.toMatchObject({ status: 401, errorName: "unauthorized" });
    expect(api.asked).toEqual([]);
  });

  test("what anybody may ask is asked in nobody's name when nobody is signed in", async () => {
    api.answers["GET /api/rooms/x"] = ({ token }) => ({ token });
    expect(await make().askAnyway({ method: "GET", path: "/api/rooms/x" })).toEqual({ token: null });
  });

  test("renews its token before it expires", async () => {
    const account = await signedIn();
    vi.useFakeTimers({ now: Date.now() + 800_000 });
    expect(await account.ask(ask)).toEqual({ token: "access-2" });
    expect(api.asked.at(-2)).toMatchObject({ path: "/api/auth/refresh", body: { refreshToken: "refresh-1" } });
  });

  test("renews its token when the server does not take it any more, and asks again", async () => {
    const account = await signedIn();
    serial += 1; // The server was restarted with another key, say.
    expect(await account.ask(ask)).toEqual({ token: "access-3" });
  });

  test("many requests at once renew once", async () => {
    const account = await signedIn();
    serial += 1;
    await Promise.all([account.ask(ask), account.ask(ask), account.ask(ask)]);
    expect(api.paths().filter((path) => path.includes("refresh"))).toHaveLength(1);
  });

  test("is signed out when the server does not renew", async () => {
    const account = await signedIn();
    serial += 1;
    api.answers["POST /api/auth/refresh"] = () => {
      throw new ApiRefusal(401, "unauthorized");
    };
    await expect(account.ask(ask)).rejects.toMatchObject({ status: 401 });
    expect(account.user).toBeNull();
    expect(make().user).toBeNull();
  });

  test("who turns out to be signed out asks as anybody else", async () => {
    const account = await signedIn();
    api.answers["POST /api/auth/refresh"] = () => {
      throw new ApiRefusal(401, "unauthorized");
    };
    api.answers["GET /api/rooms/x"] = ({ token }) => {
      if (token) throw new ApiRefusal(401, "unauthorized");
      return "public";
    };
    expect(await account.askAnyway({ method: "GET", path: "/api/rooms/x" })).toBe("public");
  });

  test("stays signed in while the server can't be reached", async () => {
    const account = await signedIn();
    serial += 1;
    delete api.answers["POST /api/auth/refresh"];
    await expect(account.ask(ask)).rejects.toMatchObject({ status: 0, errorName: "unreachable" });
    expect(account.user).toEqual(ADA);
  });

  test("takes the tokens that another tab got meanwhile", async () => {
    const [here, there] = [await signedIn(), make()];
    serial += 1;
    await there.ask(ask);
    expect(await here.ask(ask)).toEqual({ token: "access-3" });
    expect(api.paths().filter((path) => path.includes("refresh"))).toHaveLength(1);
  });

  test("hears that another tab signed out", async () => {
    const account = await signedIn();
    storage.changeElsewhere(KEY, null);
    expect(account.user).toBeNull();
  });

  test("a renewal that comes after signing out signs nobody in again", async () => {
    const account = await signedIn();
    serial += 1;
    let answer: (value: unknown) => void = () => undefined;
    api.answers["POST /api/auth/refresh"] = () => new Promise((resolve) => (answer = resolve));
    const asking = account.ask(ask);
    await vi.waitFor(() => expect(api.paths()).toContain("POST /api/auth/refresh"));
    await account.signOut();
    answer(tokens());
    await expect(asking).rejects.toMatchObject({ status: 401 });
    expect(account.user).toBeNull();
  });

  test("is signed out at once, also when the server can't be reached", async () => {
    const account = await signedIn();
    delete api.answers["POST /api/auth/logout"];
    const leaving = account.signOut();
    expect(account.user).toBeNull();
    await expect(leaving).rejects.toBeInstanceOf(ApiError);
  });

  test("signing out tells the server which tokens are over", async () => {
    const account = await signedIn();
    await account.signOut();
    expect(api.asked.at(-1)).toMatchObject({ path: "/api/auth/logout", body: { refreshToken: "refresh-1" } });
  });

  test("a new name is known at once", async () => {
    const account = await signedIn();
    api.answers["PATCH /api/auth/me"] = ({ body }) => ({ ...ADA, ...(body as object) });
    await account.rename("Ada L.");
    expect(account.user?.displayName).toBe("Ada L.");
    expect(make().user?.displayName).toBe("Ada L.");
  });

  test("a deleted account is nobody's", async () => {
    const account = await signedIn();
    api.answers["DELETE /api/auth/me"] = () => undefined;
    await account.delete("secret");
    expect(account.user).toBeNull();
  });

  test("a browser that keeps nothing is fine as long as the page lives", async () => {
    vi.stubGlobal("localStorage", undefined);
    const account = await signedIn();
    expect(await account.ask(ask)).toEqual({ token: "access-1" });
    expect(make().user).toBeNull();
  });
});
