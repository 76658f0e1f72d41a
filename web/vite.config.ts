import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the sources with hot reload in front of an app that `make run` started.
const app = "http://localhost:3000";

export default defineConfig({
  plugins: [react()],
  // From its sources, as tsconfig.json has it too: the page needs no build of the client first.
  resolve: {
    alias: { "@connect/client": fileURLToPath(new URL("packages/client/src/index.ts", import.meta.url)) },
  },
  build: {
    // The app's content security policy allows files of its own origin only, so nothing may become a data: URL.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
  server: { proxy: { "/ws": { target: app, ws: true }, "/api": app, "/docs": app, "/health": app } },
  test: {
    include: ["test/**/*.test.{ts,tsx}", "packages/*/test/**/*.test.ts"],
    environment: "node",
    restoreMocks: true,
    unstubGlobals: true,
  },
});
