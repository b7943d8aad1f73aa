/**
 * What is thrown: mistakes of the program at construction, and outages where there is no result to tell them by.
 *
 * @module
 */

import type { OutageCode } from "./types.js";

/** An option that cannot be used. Thrown at construction, so that a mistake shows when the service starts. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";

  /**
   * @param option the option by its path, such as `user.fields.email`.
   * @param problem what is wrong and what would be right. Never repeats a secret.
   */
  constructor(
    readonly option: string,
    readonly problem: string,
  ) {
    super(`${option}: ${problem}`);
  }
}

/**
 * The service could not answer. Thrown by `verifyToken`, `migrate` and `purge`, which have no result that could say so;
 * the other methods give `UNAVAILABLE` and `INTERNAL_ERROR` as results. What went wrong is told by the event `fault`.
 */
export class ServiceError extends Error {
  override readonly name = "ServiceError";

  constructor(
    /** `UNAVAILABLE`: try again later. `INTERNAL_ERROR`: wrongly set up, or a defect. */
    readonly code: OutageCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** What the core refuses, an object of `option` and `problem`; nothing where something else was thrown. */
export function refusalOf(thrown: unknown): ConfigurationError | undefined {
  const { option, problem } = (thrown ?? {}) as { option?: unknown; problem?: unknown };
  return typeof option === "string" && typeof problem === "string" ? new ConfigurationError(option, problem) : undefined;
}
