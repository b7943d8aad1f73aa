import type { ErrorCode as ServiceErrorCode } from "../types.js";

/**
 * What a call of the client can fail with: the codes of the service, and
 *
 * - `RATE_LIMITED`: too many requests; try again later.
 * - `NOT_SIGNED_IN`: the storage holds no session.
 * - `NETWORK_ERROR`: no answer arrived: offline, refused by CORS, or too late. The call may be repeated.
 * - `INVALID_RESPONSE`: what answered is not the service, such as a proxy with a page of its own.
 * - `SUPERSEDED`: a later sign-up, sign-in or sign-out overtook this one. Its session has been ended.
 * - `STORAGE_ERROR`: the storage threw, or did not answer.
 *
 * At a refresh, `INVALID_TOKEN`, `SESSION_NOT_FOUND` and `USER_NOT_FOUND` mean that the session is over, and the client
 * has forgotten it. With every other code the session goes on.
 */
export type ErrorCode =
  | ServiceErrorCode
  | "RATE_LIMITED"
  | "NOT_SIGNED_IN"
  | "NETWORK_ERROR"
  | "INVALID_RESPONSE"
  | "SUPERSEDED"
  | "STORAGE_ERROR";

/** A call that did not succeed. */
export interface Failure {
  readonly error: {
    /** For people, in English. */
    readonly message: string;
    /** For programs. */
    readonly code: ErrorCode;
  };
}

/**
 * What a call resolves to: an answer of the service, or a {@link Failure}. `error` tells them apart:
 *
 * ```ts
 * const answer = await auth.signIn({ email, password });
 * if (answer.error) show(answer.error.message);
 * else greet(answer.user);
 * ```
 */
export type Result<Answer> = Answer | Failure;

export function failure(code: ErrorCode, message: string): Failure {
  return { error: { message, code } };
}
