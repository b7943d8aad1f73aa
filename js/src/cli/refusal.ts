/**
 * Why a command did not do its work.
 *
 * @module
 */

/** A message for whoever typed the command, with what they can do about it in the lines below. */
export class Refusal extends Error {
  constructor(message: string, ...advice: string[]) {
    super([`auth101: ${message}`, ...advice].join("\n"));
  }
}

/** A command line that is no command. */
export class UsageError extends Error {}
