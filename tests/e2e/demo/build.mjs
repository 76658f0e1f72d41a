// Bundle demo.js with the packages of web/ into the file that is named.

import { createRequire } from "node:module";
import { dirname, basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [output] = process.argv.slice(2);
const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const { build } = await import(pathToFileURL(require.resolve("vite")));

await build({
  root: dirname(fileURLToPath(import.meta.url)),
  configFile: false,
  logLevel: "warn",
  resolve: {
    // There is no node_modules above this folder.
    alias: Object.fromEntries(["mediasoup-client", "protoo-client"].map((name) => [name, require.resolve(name)])),
  },
  build: {
    lib: { entry: "demo.js", formats: ["iife"], name: "demo", fileName: () => basename(output) },
    outDir: dirname(output),
    emptyOutDir: false,
  },
});
