// Puts beside each text file of the build what browsers get instead, which aiohttp's FileResponse then serves by itself.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("dist", import.meta.url));
// Higher ones take much longer for a few percent.
const QUALITY = 9;

for (const folder of ["assets", "docs"]) {
  for (const name of readdirSync(`${dist}/${folder}`).filter((name) => /\.(js|css|svg)$/.test(name))) {
    const path = `${dist}/${folder}/${name}`;
    const content = readFileSync(path);
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }));
    writeFileSync(`${path}.gz`, gzipSync(content, { level: QUALITY }));
  }
}
