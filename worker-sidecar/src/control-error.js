/** Errors that a client of the control socket sees. */

/**
 * What the client can act on. The first four are its own mistake; stale_incarnation says that the worker it
 * means is gone, too_large and full that a limit was reached, stopping that the sidecar ends.
 *
 * @typedef {'bad_json' | 'bad_request' | 'unknown_method' | 'unknown_slot'} ClientMistake
 * @typedef {ClientMistake | 'stale_incarnation' | 'too_large' | 'full' | 'stopping'} ControlErrorName
 */

/** A request that is answered with an error. */
export class ControlError extends Error {
  /**
   * @param {ControlErrorName} name - stable, for programs
   * @param {string} message - for people
   */
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}
