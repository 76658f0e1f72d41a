/** The log: one line an entry on stdout, as JSON or for a human on a terminal. */

/** @typedef {'debug' | 'info' | 'warning' | 'error'} Level */
/** @typedef {Record<string, unknown>} Fields */

const SEVERITY = { debug: 0, info: 1, warning: 2, error: 3 };

/** Writes entries at or above a level, each with the fields that it is bound to. */
export class Logger {
  #level;
  #format;
  #fields;

  /**
   * @param {Level} level
   * @param {'json' | 'human'} format
   * @param {Fields} [fields]
   */
  constructor(level, format, fields = {}) {
    this.#level = level;
    this.#format = format;
    this.#fields = fields;
  }

  /** @param {Fields} fields */
  bind(fields) {
    return new Logger(this.#level, this.#format, { ...this.#fields, ...fields });
  }

  /** @param {string} message @param {Fields} [fields] */
  debug(message, fields) {
    this.write('debug', message, fields);
  }

  /** @param {string} message @param {Fields} [fields] */
  info(message, fields) {
    this.write('info', message, fields);
  }

  /** @param {string} message @param {Fields} [fields] */
  warning(message, fields) {
    this.write('warning', message, fields);
  }

  /** @param {string} message @param {Fields} [fields] */
  error(message, fields) {
    this.write('error', message, fields);
  }

  /**
   * @param {Level} level
   * @param {string} message
   * @param {Fields} [fields]
   */
  write(level, message, fields) {
    if (SEVERITY[level] < SEVERITY[this.#level]) return;
    const encode = this.#format === 'json' ? jsonLine : humanLine;
    process.stdout.write(encode(new Date().toISOString(), level, message, { ...this.#fields, ...fields }));
  }
}

/** @param {string} time @param {Level} level @param {string} message @param {Fields} fields */
function jsonLine(time, level, message, fields) {
  return `${JSON.stringify({ time, level, program: 'worker-sidecar', message, ...fields })}\n`;
}

/** @param {string} time @param {Level} level @param {string} message @param {Fields} fields */
function humanLine(time, level, message, fields) {
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
  return `${time.slice(11, 23)} ${level.toUpperCase().padEnd(7)} worker-sidecar: ${message}${pairs.join('')}\n`;
}
