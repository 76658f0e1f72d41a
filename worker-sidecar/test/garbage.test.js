/** When garbage is collected. */

import { test } from 'node:test';

import { collectGarbage } from '../src/garbage.js';
import { until } from './support/until.js';

test('garbage is collected again and again, if Node lets us', async () => {
  let collections = 0;
  globalThis.gc = async () => void collections++;
  collectGarbage(1);
  await until(() => collections > 2, 'garbage is collected');
});
