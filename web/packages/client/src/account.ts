/** The account: signing up, in and out, and requests in its name with tokens that renew themselves. */

import { CredentialStore, type Credentials, type User } from "./credentials.js";
import { ApiError } from "./errors.js";
import { askJson, type Ask } from "./http.js";

/** Which part of an access token's life is used: the rest is for clocks that run apart and slow answers. */
const USED_PART = 0.8;

/** The answer to `login` and `refresh`; only `login` tells who it is. */
interface TokenAnswer {
  readonly accessToken: string;
  /** In seconds. */
  readonly expiresIn: number;
  readonly refreshToken: string;
  readonly user?: User;
}

/** Every method that asks the server throws {@link ApiError} when it refuses or can't be reached. */
export class Account {
  /** One renewal for all who need it at the same time. */
  #renewal: Promise<Credentials | null> | null = null;

  constructor(
    private readonly origin: string,
    readonly store: CredentialStore = new CredentialStore(),
  ) {}

  get user(): User | null {
    return this.store.current?.user ?? null;
  }

  /** Ask for an account. The answer is the same whether or not the address has one already. */
  async register(email: string, password: string, displayName: string): Promise<void> {
    await this.#post("/api/auth/register", { email, password, displayName });
  }

  async signIn(email: string, password: string): Promise<User> {
    const answer = (await this.#post("/api/auth/login", { email, password })) as TokenAnswer & { user: User };
    this.store.set(credentialsOf(answer, answer.user));
    return answer.user;
  }

  /** Sign out here and in the other tabs at once; the server hears of it when it can be reached. */
  async signOut(): Promise<void> {
    const refreshToken = this.store.reload()?.refreshToken;
    this.store.set(null);
    if (refreshToken) await this.#post("/api/auth/logout", { refreshToken });
  }

  /** Change one's name. */
  async rename(displayName: string): Promise<User> {
    const user = (await this.ask({ method: "PATCH", path: "/api/auth/me", body: { displayName } })) as User;
    const { current } = this.store;
    if (current) this.store.set({ ...current, user });
    return user;
  }

  /** Change the password, which signs out everywhere else. */
  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await this.ask({ method: "POST", path: "/api/auth/me/password", body: { currentPassword, newPassword } });
  }

  /** Delete the account with everything that it owns. */
  async delete(password: string): Promise<void> {
    await this.ask({ method: "DELETE", path: "/api/auth/me", body: { password } });
    this.store.set(null);
  }

  /** Ask in the account's name. */
  async ask(ask: Ask): Promise<unknown> {
    const credentials = await this.#usable();
    if (!credentials) throw new ApiError(401, "Sign in first.", { errorName: "unauthorized" });
    try {
      return await askJson(this.origin, { ...ask, token: credentials.accessToken });
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      const renewed = await this.#renew(credentials);
      if (!renewed) throw error;
      return askJson(this.origin, { ...ask, token: renewed.accessToken });
    }
  }

  /** Ask in the account's name when somebody is signed in, and in nobody's otherwise. */
  async askAnyway(ask: Ask): Promise<unknown> {
    try {
      if (await this.#usable()) return await this.ask(ask);
    } catch (error) {
      // Whoever turns out to be signed out asks as anybody else.
      if (!isUnauthorized(error) || this.user) throw error;
    }
    return askJson(this.origin, ask);
  }

  #post(path: string, body: unknown): Promise<unknown> {
    return askJson(this.origin, { method: "POST", path, body });
  }

  /** The credentials, renewed before they expire: a request that is sure to be refused is none to send. */
  async #usable(): Promise<Credentials | null> {
    const { current } = this.store;
    return current && Date.now() >= current.renewAt ? this.#renew(current) : current;
  }

  /** Have tokens other than `old`; null when the account has been signed out meanwhile. */
  #renew(old: Credentials): Promise<Credentials | null> {
    this.#renewal ??= exclusively(() => this.#rotate(old)).finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async #rotate(old: Credentials): Promise<Credentials | null> {
    // Another tab may have been faster.
    const current = this.store.reload();
    if (current?.accessToken !== old.accessToken) return current;
    try {
      const answer = (await this.#post("/api/auth/refresh", { refreshToken: old.refreshToken })) as TokenAnswer;
      if (this.store.reload()?.refreshToken !== old.refreshToken) return this.store.current; // Signed out meanwhile.
      this.store.set(credentialsOf(answer, answer.user ?? old.user));
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      if (this.store.reload()?.refreshToken === old.refreshToken) this.store.set(null);
    }
    return this.store.current;
  }
}

function credentialsOf({ accessToken, expiresIn, refreshToken }: TokenAnswer, user: User): Credentials {
  return { accessToken, renewAt: Date.now() + expiresIn * 1_000 * USED_PART, refreshToken, user };
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** Run `task` in one tab at a time; browsers have no locks for pages over plain http, where the server's grace helps. */
function exclusively<T>(task: () => Promise<T>): Promise<T> {
  return globalThis.navigator?.locks ? navigator.locks.request("connect.renewal", task) : task();
}
