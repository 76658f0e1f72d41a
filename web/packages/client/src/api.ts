/**
 * The REST API: rooms, and what belongs to them.
 *
 * ```ts
 * const api = new Api();
 * await api.account.signIn("ada@example.org", password);
 * const room = await api.createRoom({ name: "Garden", lobby: true });
 * const door = new Door({ roomId: room.code, enter: () => api.join(room.code) });
 * const call = new Call({ door, displayName: "Ada", media });
 * ```
 *
 * Every method that asks the server throws {@link ApiError} when it refuses or can't be reached.
 */

import { Account } from "./account.js";
import { askJson, type Method } from "./http.js";
import type {
  Invitation,
  JoinAnswer,
  Member,
  NewInvitation,
  Page,
  Role,
  Room,
  RoomInfo,
  RoomSettings,
  ServerConfig,
} from "./resources.js";

export class Api {
  readonly account: Account;

  constructor(
    private readonly origin: string = location.origin,
    account?: Account,
  ) {
    this.account = account ?? new Account(origin);
  }

  async config(): Promise<ServerConfig> {
    return (await askJson(this.origin, { method: "GET", path: "/api/config" })) as ServerConfig;
  }

  /** My rooms, newest first. */
  async rooms(after?: string, limit?: number): Promise<Page<Room>> {
    const query = { cursor: after, limit };
    return (await this.account.ask({ method: "GET", path: "/api/rooms", query })) as Page<Room>;
  }

  async createRoom(settings: RoomSettings): Promise<Room> {
    return (await this.#ask("POST", "/api/rooms", settings)) as Room;
  }

  /** Look at a room that one may join. */
  async room(code: string): Promise<Room> {
    return (await this.account.askAnyway({ method: "GET", path: roomPath(code) })) as Room;
  }

  async updateRoom(code: string, changes: Partial<RoomSettings>): Promise<Room> {
    return (await this.#ask("PATCH", roomPath(code), changes)) as Room;
  }

  /** Delete a room, which ends its call. */
  async deleteRoom(code: string): Promise<void> {
    await this.#ask("DELETE", roomPath(code));
  }

  /** Get what it takes to enter a call; guests must say a name. */
  async join(code: string, displayName?: string): Promise<JoinAnswer> {
    const body = displayName === undefined ? {} : { displayName };
    const ask = { method: "POST", path: `${roomPath(code)}/join`, body } as const;
    return (await this.account.askAnyway(ask)) as JoinAnswer;
  }

  async members(code: string, after?: string): Promise<Page<Member>> {
    const path = `${roomPath(code)}/members`;
    return (await this.account.ask({ method: "GET", path, query: { cursor: after } })) as Page<Member>;
  }

  async changeRole(code: string, userId: string, role: Role): Promise<Member> {
    return (await this.#ask("PATCH", `${roomPath(code)}/members/${encodeURIComponent(userId)}`, {
      role,
    })) as Member;
  }

  async removeMember(code: string, userId: string): Promise<void> {
    await this.#ask("DELETE", `${roomPath(code)}/members/${encodeURIComponent(userId)}`);
  }

  async invitations(code: string, after?: string): Promise<Page<Invitation>> {
    const path = `${roomPath(code)}/invitations`;
    return (await this.account.ask({ method: "GET", path, query: { cursor: after } })) as Page<Invitation>;
  }

  /** Make an invitation; its token is told this once. */
  async invite(code: string, invitation: NewInvitation): Promise<Invitation & { token: string; url: string }> {
    const answer = await this.#ask("POST", `${roomPath(code)}/invitations`, invitation);
    return answer as Invitation & { token: string; url: string };
  }

  async withdrawInvitation(code: string, id: string): Promise<void> {
    await this.#ask("DELETE", `${roomPath(code)}/invitations/${encodeURIComponent(id)}`);
  }

  /** Become a member of the room that somebody invited to. */
  async acceptInvitation(token: string): Promise<{ room: RoomInfo; role: Role }> {
    const answer = await this.#ask("POST", "/api/invitations/accept", { token });
    return answer as { room: RoomInfo; role: Role };
  }

  #ask(method: Method, path: string, body?: unknown): Promise<unknown> {
    return this.account.ask({ method, path, body });
  }
}

function roomPath(code: string): string {
  return `/api/rooms/${encodeURIComponent(code)}`;
}
