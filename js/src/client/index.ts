/**
 * A client of the six routes, for browsers and everything else that has `fetch`: keeps the session, renews the access
 * token, and takes care that pages that share a session do not end it.
 *
 * @module
 */

export { type AccessToken, type Client, type ClientOptions, createClient } from "./client.js";
export type { Listener } from "./changes.js";
export type { ErrorCode, Failure, Result } from "./result.js";
export { memoryStorage, type StoredSession, type TokenStorage, webStorage } from "./storage.js";
export type { Credentials, Session, Success, Tokens, User } from "../types.js";
