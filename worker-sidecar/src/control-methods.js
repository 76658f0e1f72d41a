/** What can be asked on the control socket: a table of methods. */

import { ControlError } from './control-error.js';

/** Of the control socket. It changes when a client written for it would no longer work. */
const PROTOCOL = 1;

/** @typedef {Record<string, unknown>} Data */
/** @typedef {(data: Data) => object} Method */

/**
 * @param {import('./worker-slot.js').WorkerSlot[]} slots - each at the index that is its number
 * @param {{ release: string, schemas: string }} worker - what the slots run
 * @param {import('./logger.js').Logger} log
 * @returns {Record<string, Method>}
 */
export function controlMethods(slots, { release, schemas }, log) {
  return {
    hello: () => {
      const numbers = slots.map(({ slot }) => slot);
      return { protocol: PROTOCOL, release, schemas, pid: process.pid, slots: numbers };
    },

    status: () => ({ slots: slots.map((slot) => slot.status()) }),

    restart: (data) => {
      const slot = pick(slots, data);
      log.info('restart asked for', { slot: slot.slot });
      slot.restart();
      return {};
    },

    'state.put': (data) => {
      const slot = pick(slots, data);
      const incarnation = text(data, 'incarnation');
      const [key, value] = [text(data, 'key'), text(data, 'value')];
      if (!slot.records || slot.incarnation !== incarnation) {
        throw new ControlError('stale_incarnation', `slot ${slot.slot} is now ${slot.incarnation}`);
      }
      slot.records.put(key, value);
      return {};
    },

    'state.get': (data) => {
      const { incarnation, records } = pick(slots, data);
      return { incarnation, value: records?.get(text(data, 'key')) ?? null };
    },

    'state.list': (data) => {
      const { incarnation, records } = pick(slots, data);
      const prefix = data.prefix === undefined ? '' : text(data, 'prefix');
      return { incarnation, records: records?.list(prefix) ?? [] };
    },

    'state.delete': (data) => ({ deleted: pick(slots, data).records?.delete(text(data, 'key')) ?? false }),
  };
}

/**
 * @param {import('./worker-slot.js').WorkerSlot[]} slots
 * @param {Data} data
 */
function pick(slots, { slot }) {
  if (typeof slot !== 'number') throw new ControlError('bad_request', 'slot is not a number');
  const picked = slots[slot];
  if (!picked) throw new ControlError('unknown_slot', `there is no slot ${slot}`);
  return picked;
}

/**
 * @param {Data} data
 * @param {string} name
 * @returns {string}
 */
function text(data, name) {
  const value = data[name];
  if (typeof value !== 'string') throw new ControlError('bad_request', `${name} is not a string`);
  return value;
}
