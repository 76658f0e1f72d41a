/** Everything that the page says, in one place for translation; the client's words are in its `problem.ts` and `moderation.ts`. */

import { CALL } from "./call";
import { DETAILS } from "./details";
import { PAGES } from "./pages";
import { PANELS } from "./panels";

export { REACTIONS } from "./call";

export const STRINGS = { ...CALL, ...PANELS, ...PAGES, details: DETAILS };
