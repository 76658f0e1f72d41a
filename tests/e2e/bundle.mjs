// Bundle a page's script, an ES module, with the packages of web/: node bundle.mjs <script> <output>.

import { createRequire } from "node:module";
import { basename, dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [entry, output] = process.argv.slice(2);
const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { build } = await import(pathToFileURL(require.resolve("vite")));

await build({
  root: dirname(entry),
  configFile: false,
  logLevel: "warn",
  resolve: {
    // There is no node_modules above the script.
    alias: {
      "@connect/client": fileURLToPath(new URL("../../web/packages/client/src/index.ts", import.meta.url)),
      ...Object.fromEntries(["mediasoup-client", "protoo-client"].map((name) => [name, require.resolve(name)])),
    },
  },
  build: {
    lib: { entry, formats: ["es"], fileName: () => basename(output) },
    outDir: dirname(output),
    emptyOutDir: false,
  },
});
