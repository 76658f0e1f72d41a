import { createContext } from "react";

/** Opens the details of somebody's connection: for what shows its quality, wherever that is. */
export const OpenDetails = createContext<(personId: string) => void>(() => undefined);
