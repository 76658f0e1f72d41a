/** The npm package that the sidecar pins, with its insides; and what both sides of the comparison do with it. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../worker-sidecar/node_modules/mediasoup/', import.meta.url));
const require = createRequire(import.meta.url);

/** A module of the library by its path, also one that it does not export. */
export const inside = (name) => require(path.join(root, 'node/lib', name));

export const mediasoup = inside('index.js');
export const flatbuffers = createRequire(path.join(root, 'package.json'))('flatbuffers');
export const scenario = JSON.parse(readFileSync(new URL('../scenario.json', import.meta.url), 'utf8'));
