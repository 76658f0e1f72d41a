/** The records that the app keeps in the sidecar. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StateRecords } from '../src/state-records.js';
import { startSidecar } from './support/sidecar-process.js';

test('records can be put, got, listed and deleted', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const { incarnation } = await control.slot(0);
  const slot = 0;
  for (const [key, value] of [['room:a', '1'], ['room:b', '2'], ['peer:a', '{"name": "Zoë"}']]) {
    assert.deepEqual(await control.get('state.put', { slot, incarnation, key, value }), {});
  }
  await control.get('state.put', { slot, incarnation, key: 'room:a', value: '3' });
  const peer = await control.get('state.get', { slot, key: 'peer:a' });
  assert.deepEqual(peer, { incarnation, value: '{"name": "Zoë"}' });
  assert.deepEqual(await control.get('state.get', { slot, key: 'none' }), { incarnation, value: null });
  assert.deepEqual(await control.get('state.list', { slot, prefix: 'room:' }), {
    incarnation,
    records: [
      { key: 'room:a', value: '3' },
      { key: 'room:b', value: '2' },
    ],
  });
  assert.equal((await control.get('state.list', { slot })).records.length, 3);
  assert.deepEqual(await control.get('state.delete', { slot, key: 'room:a' }), { deleted: true });
  assert.deepEqual(await control.get('state.delete', { slot, key: 'room:a' }), { deleted: false });
});

test('records outlive the client who put them', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const { incarnation } = await control.slot(0);
  await control.get('state.put', { slot: 0, incarnation, key: 'room', value: 'kept' });
  control.socket.destroy();
  const next = await sidecar.control();
  assert.deepEqual(await next.get('state.get', { slot: 0, key: 'room' }), { incarnation, value: 'kept' });
});

test('records die with their worker, and the next one takes none for it', async (t) => {
  const sidecar = await startSidecar(t, { CONNECT_WORKERS: '2' });
  const control = await sidecar.control();
  const [{ pid, incarnation }, other] = (await control.get('status')).slots;
  await control.get('state.put', { slot: 0, incarnation, key: 'room', value: 'gone' });
  await control.get('state.put', { slot: 1, incarnation: other.incarnation, key: 'room', value: 'kept' });
  process.kill(pid, 'SIGKILL');
  const started = await control.event('worker-started');
  const data = { slot: 0, key: 'room', value: 'late' };
  assert.equal((await control.ask('state.put', { ...data, incarnation })).error.name, 'stale_incarnation');
  const { incarnation: next } = started;
  assert.deepEqual(await control.get('state.list', { slot: 0 }), { incarnation: next, records: [] });
  assert.equal((await control.get('state.get', { slot: 1, key: 'room' })).value, 'kept');
});

test('what stays is found, in order and with its size, however many others come and go', () => {
  const records = new StateRecords();
  const stay = ['a', 'b', 'c'].map((key) => ({ key, value: key.repeat(250_000) }));
  for (const { key, value } of stay) records.put(key, value);
  for (let number = 0; number < 1_000; number += 1) {
    records.put(`passing-${number}`, 'v'.repeat(100_000));
    assert.equal(records.delete(`passing-${number}`), true);
    assert.equal(records.delete(`passing-${number}`), false);
  }
  assert.deepEqual(records.list(''), stay);
});

test('a record that is too large is refused by name', async (t) => {
  const sidecar = await startSidecar(t);
  const control = await sidecar.control();
  const { incarnation } = await control.slot(0);
  const tooLarge = [
    { key: 'k'.repeat(257), value: '' },
    { key: 'k', value: 'v'.repeat(262_145) },
  ];
  for (const record of tooLarge) {
    const answer = await control.ask('state.put', { slot: 0, incarnation, ...record });
    assert.equal(answer.error.name, 'too_large');
  }
});

test('records are refused when their number or their size is full, until some are deleted', () => {
  const many = new StateRecords();
  for (let key = 0; key < 16_384; key += 1) many.put(String(key), '');
  assert.throws(() => many.put('more', ''), { name: 'full' });
  many.put('0', 'another value');
  many.delete('1');
  many.put('more', '');

  const large = new StateRecords();
  const value = 'v'.repeat(262_144);
  for (let key = 0; key < 63; key += 1) large.put(String(key), value);
  assert.throws(() => large.put('more', value), { name: 'full' });
  large.put('0', value);
  large.put('1', 'short');
  large.put('more', value);
});
