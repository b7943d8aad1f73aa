/**
 * What every entry exports besides the service.
 *
 * @module
 */

export type { Database, Dialect, Result, SqlValue, Statement, Transaction } from "./driver/database.js";
export { ConfigurationError, ServiceError } from "./errors.js";
export type { FaultEvent, Pseudonym, SecurityEvent, SignInFailure } from "./event.js";
export type { Difference, MigratedTable, Migration, SchemaRequest, SchemaScope } from "./migration.js";
export type {
  AccountColumn,
  Auth101Options,
  EntityOptions,
  SchemaOptions,
  SessionColumn,
  UserColumn,
  UserFieldMapping,
  VerificationColumn,
} from "./options.js";
export type {
  Auth,
  Authorization,
  Client,
  Credentials,
  ErrorCode,
  Failure,
  OutageCode,
  RefreshResult,
  RevokeResult,
  Session,
  SessionResult,
  SignInResult,
  SignOutResult,
  SignUpResult,
  Success,
  Tokens,
  User,
} from "./types.js";
