/** The page's own server: its API, who is signed in there, and what it offers. */

import { Api, Store, type ServerConfig, type User } from "@connect/client";

import { useStore } from "./hooks";
import { rememberConfig, rememberedConfig } from "./remember";

export const api = new Api();

const config = new Store<ServerConfig>({
  openRooms: false,
  registration: true,
  version: "",
  ...rememberedConfig<ServerConfig>(),
});

export function useConfig(): ServerConfig {
  return useStore(config);
}

/** Whoever is signed in, in this tab or another one. */
export function useUser(): User | null {
  return useStore(api.account.store.state).credentials?.user ?? null;
}

/** Ask what the server offers. A page that can't reach it goes on with what it knew. */
export async function refreshConfig(): Promise<void> {
  try {
    const answer = await api.config();
    config.update(answer);
    rememberConfig(answer);
  } catch (error) {
    console.warn("the server did not say what it offers", error);
  }
}
