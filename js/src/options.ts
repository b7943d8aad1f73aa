/**
 * The options, and which of them are ours to check: the rest is checked where it is used, in the core.
 *
 * @module
 */

import type { Database } from "./driver/database.js";
import { ConfigurationError } from "./errors.js";
import type { SecurityEvent } from "./event.js";
import { copyObject, NotPlain, type PlainObject } from "./plain.js";

/** Other names for a table and its columns. */
export interface EntityOptions<Column extends string> {
  /** The table. */
  readonly modelName?: string | undefined;
  /** From field to column. */
  readonly fields?: { readonly [Field in Column]?: string | undefined } | undefined;
}

/** The columns of the users' table. */
export type UserColumn =
  | "id"
  | "name"
  | "email"
  | "emailVerified"
  | "image"
  | "isActive"
  | "createdAt"
  | "updatedAt";
/** The columns of the table of sessions. */
export type SessionColumn =
  | "id"
  | "token"
  | "expiresAt"
  | "userId"
  | "ipAddress"
  | "userAgent"
  | "createdAt"
  | "updatedAt";
/** The columns of the table of accounts. */
export type AccountColumn =
  | "id"
  | "accountId"
  | "providerId"
  | "userId"
  | "password"
  | "accessToken"
  | "refreshToken"
  | "idToken"
  | "accessTokenExpiresAt"
  | "refreshTokenExpiresAt"
  | "scope"
  | "createdAt"
  | "updatedAt";
/** The columns of the table of verifications, which is kept for the schema's sake and not used yet. */
export type VerificationColumn = "id" | "identifier" | "value" | "expiresAt" | "createdAt" | "updatedAt";

/** Your own users' table. */
export type UserFieldMapping = {
  /** The table. */
  readonly tableName: string;
  /** From field to column, unless they stand beside `tableName`. */
  readonly fields?: { readonly [Field in UserColumn]?: string | undefined } | undefined;
} & { readonly [Field in UserColumn]?: string | undefined };

/** The names of tables and columns, where they are not the default ones. */
export interface SchemaOptions {
  /** Other names for the users' table, which stays ours: it is created where it is missing. */
  readonly user?: EntityOptions<UserColumn> | undefined;
  /**
   * Your own users' table, which is never created: `{ tableName: "people", email: "mail" }`, or with the columns under
   * `fields`. Ignored where `user` is given.
   */
  readonly userFieldMapping?: UserFieldMapping | undefined;
  /** Other names for the table of sessions. A customised table is yours to create. */
  readonly session?: EntityOptions<SessionColumn> | undefined;
  /** Likewise for the table of accounts. */
  readonly account?: EntityOptions<AccountColumn> | undefined;
  /** Likewise for the table of verifications. */
  readonly verification?: EntityOptions<VerificationColumn> | undefined;
}

/** What `new Auth101(…)` takes. Only `secret` and `database` are required. */
export interface Auth101Options extends SchemaOptions {
  /**
   * Signs the tokens: 32 bytes or more. `openssl rand -base64 32` makes a good one. Undefined, as a variable of the
   * environment may be, is refused at construction.
   */
  readonly secret: string | undefined;
  /** The database, such as `sqlite("auth.db")` of `auth101-wasm/sqlite`, or any object with that one method. */
  readonly database: Database;
  /** Secrets that only verify, newest first: what `secret` was before. */
  readonly previousSecrets?: readonly string[] | undefined;
  /** No warning about a secret under 32 bytes. Default false. */
  readonly allowShortSecret?: boolean | undefined;
  /** Lifetime of an access token in minutes. Default 60. */
  readonly accessTokenExpiresIn?: number | undefined;
  /** Lifetime of a refresh token in minutes, counted anew at each rotation. Default 10080, a week. */
  readonly refreshTokenExpiresIn?: number | undefined;
  /** Lifetime of a session in minutes from its sign-in, whatever its rotations. Default none. */
  readonly sessionAbsoluteLifetime?: number | undefined;
  /** How long a superseded refresh token is still answered, in seconds. 0 makes every token single-use. Default 10. */
  readonly refreshGracePeriod?: number | undefined;
  /** The shortest password that sign-up takes, in characters. Default 6. */
  readonly passwordMinLength?: number | undefined;
  /** Where the routes are mounted. Default `/auth`. */
  readonly basePath?: string | undefined;
  /** How HTTP answers are dressed: `fastapi` as the Python package behind FastAPI does. Default `default`. */
  readonly responseStyle?: "default" | "fastapi" | undefined;
  /** The web origins that may call the routes from a browser, or `["*"]`. Default none. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Memory of a new password hash in KiB. Default 19456. */
  readonly argon2Memory?: number | undefined;
  /** Passes of a new password hash. Default 2. */
  readonly argon2Iterations?: number | undefined;
  /** Lanes of a new password hash. Default 1. */
  readonly argon2Parallelism?: number | undefined;
  /** Accept a cost below OWASP's recommendation. Default false. */
  readonly allowWeakArgon2?: boolean | undefined;
  /** Which stored hashes a sign-in replaces: weaker ones (`upgrade`), or all others (`match`). Default `upgrade`. */
  readonly rehash?: "upgrade" | "match" | undefined;
  /** The most memory that verifying a stored hash may take, in KiB. Default 65536. */
  readonly maxArgon2Memory?: number | undefined;
  /** The most passes of a stored hash. Default 10. */
  readonly maxArgon2Iterations?: number | undefined;
  /** The most lanes of a stored hash. Default 16. */
  readonly maxArgon2Parallelism?: number | undefined;
  /** The most that a stored hash may fill in all its passes, in KiB (memory times passes). Default 262144. */
  readonly maxArgon2Work?: number | undefined;
  /** The highest cost of a stored bcrypt hash. Default 14. */
  readonly maxBcryptCost?: number | undefined;
  /** `off` is all there is: no rates are limited here. */
  readonly rateLimit?: "off" | undefined;
  /**
   * Told of every security event and of every fault. What it throws, or what a promise of its rejects with, is written to
   * the console and changes nothing. Without it faults are written to the console, as one line of JSON each.
   */
  readonly onEvent?: ((event: SecurityEvent) => unknown) | undefined;
  /**
   * How many threads hash passwords. They start when they are first needed. 0 hashes on the calling thread, which does
   * nothing else meanwhile. Default: as many as there are cores in Node, Deno and Bun; elsewhere there are none.
   */
  readonly hashWorkers?: number | undefined;
  /**
   * Passwords that sign-up refuses, for example those known from breaches: true for one on the list. Asked last, once a
   * sign-up. Must answer at once; where it throws or gives no boolean, the password is refused.
   */
  readonly passwordBlocklist?: ((password: string) => boolean) | undefined;
}

/** What the core reads, and what is read here. */
export interface CheckedOptions {
  /** For the core. */
  readonly core: PlainObject;
  readonly database: Database;
  readonly onEvent: ((event: SecurityEvent) => unknown) | undefined;
  readonly hashWorkers: number | undefined;
  readonly passwordBlocklist: ((password: string) => boolean) | undefined;
}

/** More would only take memory. */
const MAX_HASH_WORKERS = 256;

/**
 * Checks what is not for the core.
 *
 * @param maxHashMemory the most memory that one hash may take here, in KiB.
 * @throws ConfigurationError
 */
export function checkOptions(options: Auth101Options, maxHashMemory = Infinity): CheckedOptions {
  if (typeof options !== "object" || options === null) {
    throw new ConfigurationError("options", "must be an object: new Auth101({ secret, database })");
  }
  const { database, onEvent, hashWorkers, passwordBlocklist, ...core } = options;
  const copy = coreOptions(core);
  // Who has given nothing at all is told of the secret first, by the core: it is the one that has to be made.
  if (core.secret !== undefined) checkDatabase(database);
  checkFunction("onEvent", onEvent);
  checkFunction("passwordBlocklist", passwordBlocklist);
  if (hashWorkers !== undefined && !(Number.isInteger(hashWorkers) && inRange(hashWorkers))) {
    throw new ConfigurationError("hashWorkers", `must be a whole number from 0 to ${MAX_HASH_WORKERS}`);
  }
  for (const option of ["argon2Memory", "maxArgon2Memory"] as const) {
    const memory = core[option];
    if (memory !== undefined && memory > maxHashMemory) {
      throw new ConfigurationError(option, `is ${memory} KiB; at most ${maxHashMemory} fit into the memory of a Worker`);
    }
  }
  return { core: copy, database, onEvent, hashWorkers, passwordBlocklist };
}

function inRange(number: number): boolean {
  return number >= 0 && number <= MAX_HASH_WORKERS;
}

/**
 * A copy of the options for the core. One that is undefined is one that is not given.
 *
 * @throws ConfigurationError where a value is of no kind that an option can have.
 */
export function coreOptions(options: object): PlainObject {
  try {
    return copyObject(options);
  } catch (error) {
    if (error instanceof NotPlain) throw new ConfigurationError(error.path, error.problem);
    throw new ConfigurationError("options", "must be plain values: one of them cannot be written as JSON");
  }
}

/** The dialects, by their names. */
export const DIALECTS: readonly string[] = ["sqlite", "postgres", "mysql"];

function checkDatabase(database: Partial<Database> | null | undefined): asserts database is Database {
  const made =
    'sqlite("auth.db") of "auth101-wasm/sqlite" makes one, and so do "auth101-wasm/libsql", "auth101-wasm/d1", ' +
    '"auth101-wasm/pg" and "auth101-wasm/mysql2" of the client that you have; your own is an object ' +
    "{ dialect, batch(statements, transaction) }";
  if (database === undefined || database === null) {
    throw new ConfigurationError("database", `is required; ${made}`);
  }
  if (typeof database !== "object" || typeof database.batch !== "function") {
    throw new ConfigurationError("database", `is no driver: it has no method \`batch\`; ${made}`);
  }
  if (typeof database.dialect !== "string" || !DIALECTS.includes(database.dialect)) {
    throw new ConfigurationError("database", `has no \`dialect\` that is known: it must be one of ${DIALECTS.join(", ")}`);
  }
}

function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw new ConfigurationError(option, "must be a function");
  }
}
