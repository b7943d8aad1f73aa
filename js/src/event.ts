/**
 * Security events and faults, for a log.
 *
 * @module
 */

/**
 * A stand-in for an identifier: 16 hexadecimal digits, keyed by the secret. Equal identifiers have equal pseudonyms until
 * the secret is changed, so a log can be searched for one user without holding addresses.
 */
export type Pseudonym = string;

/** Something worth a line in the log. */
export type SecurityEvent =
  | { readonly event: "signed_up"; readonly user: Pseudonym; readonly session: Pseudonym }
  | {
      readonly event: "signed_in";
      readonly user: Pseudonym;
      readonly session: Pseudonym;
      /** Whether the stored hash was replaced by one with the configured parameters. */
      readonly rehashed: boolean;
    }
  | { readonly event: "sign_in_failed"; readonly email: Pseudonym; readonly reason: SignInFailure }
  | { readonly event: "refreshed"; readonly session: Pseudonym }
  /** A refresh token was presented again within the grace period: by racing tabs, after a lost answer, or by a thief. */
  | { readonly event: "refresh_replayed"; readonly session: Pseudonym }
  /** A superseded refresh token was presented after the grace period: it was copied. The session has been ended. */
  | { readonly event: "refresh_reuse_detected"; readonly user: Pseudonym }
  | { readonly event: "session_revoked"; readonly user: Pseudonym }
  | { readonly event: "signed_out"; readonly user: Pseudonym }
  | FaultEvent;

/** Why a sign-in failed; the answer does not say. */
export type SignInFailure =
  | "unknown_email"
  | "no_password"
  | "unreadable_hash"
  | "wrong_password"
  | "inactive"
  | "overtaken";

/** Something that an operator must look at. */
export interface FaultEvent {
  readonly event: "fault";
  /**
   * - `database_unavailable`: the database is away, overloaded or does not answer.
   * - `not_set_up`: the database is not set up as it must be, or the program gives `handler` a request whose body it has
   *   read; `subject`, `problem` and `remedy` say what is wrong and what to do, and `cause` which mistake it is.
   * - `unreadable_row`: a row holds what cannot be; `column` says where.
   * - `unfit_value`: a column cannot hold or compare a value.
   * - `statement_refused`: the database refused a statement, or the driver broke its contract (`problem` says how).
   * - `no_randomness`: `crypto.getRandomValues` failed.
   * - `hash_failed`: a password hash could not be computed, for want of memory for example.
   * - `overloaded`: more passwords are to be hashed than the threads can take in time; the caller was told at once when to try
   *   again. More of them (`hashWorkers`) help where there are cores, cheaper hashes elsewhere.
   * - `token_failed`: a token could not be made.
   * - `blocklist_failed`: `passwordBlocklist` threw or gave no boolean.
   * - `instance_lost`: the WebAssembly instance trapped; the next call has a new one.
   */
  readonly fault:
    | "database_unavailable"
    | "not_set_up"
    | "unreadable_row"
    | "unfit_value"
    | "statement_refused"
    | "no_randomness"
    | "hash_failed"
    | "overloaded"
    | "token_failed"
    | "blocklist_failed"
    | "instance_lost";
  /** Which mistake in the set-up of the database it is. */
  readonly cause?:
    | "missing_table"
    | "missing_column"
    | "missing_database"
    | "cannot_open"
    | "cannot_write"
    | "not_a_database"
    | "disk_full"
    | "refused_user"
    | "missing_right"
    | "key_too_long"
    | "read_only_server"
    | "tls";
  /** What is missing or wrong, by its name. */
  readonly subject?: string;
  /** What is wrong with it. */
  readonly problem?: string;
  /** What fixes it. */
  readonly remedy?: string;
  /** The column, by its canonical name, such as `session.expires_at`. */
  readonly column?: string;
  /** What the database or the driver calls its error, such as `ECONNREFUSED`. Never its message, which may quote values. */
  readonly code?: string;
}

/** Tells whoever wants to know. */
export type Report = (event: SecurityEvent) => void;

/** Where events go. A listener that fails changes nothing. */
export function reporter(onEvent: ((event: SecurityEvent) => unknown) | undefined): Report {
  if (onEvent === undefined) {
    return (event) => {
      if (event.event === "fault") console.error(JSON.stringify(event));
    };
  }
  const failed = () => console.error('{"event":"fault","fault":"listener_failed","subject":"onEvent"}');
  return (event) => {
    try {
      const told = onEvent(event);
      if (isThenable(told)) Promise.resolve(told).catch(failed);
    } catch {
      failed();
    }
  };
}

/** Whether a value settles later. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
