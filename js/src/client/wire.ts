import type { Session, Success, Tokens } from "../types.js";
import { bounded } from "./bounded.js";
import { type ErrorCode, type Failure, failure, type Result } from "./result.js";

/** The service over HTTP: one method a route. None rejects, and each ends by itself. */
export interface Wire {
  signUp(credentials: unknown): Promise<Result<Tokens>>;
  signIn(credentials: unknown): Promise<Result<Tokens>>;
  /** @param limit milliseconds after which the answer counts as lost */
  refresh(refreshToken: string, limit: number): Promise<Result<Tokens>>;
  revoke(refreshToken: string): Promise<Result<Success>>;
  session(accessToken: string): Promise<Result<Session>>;
}

/** Milliseconds for everything but a refresh: a busy server may hash for a while. */
const PATIENCE = 30_000;

/** As a record, so that a code that is missing here does not compile. */
const SERVICE_ERROR_CODES: Record<Exclude<ErrorCode, ClientErrorCode>, true> = {
  VALIDATION_ERROR: true,
  USER_EXISTS: true,
  INVALID_CREDENTIALS: true,
  INVALID_TOKEN: true,
  SESSION_NOT_FOUND: true,
  USER_NOT_FOUND: true,
  UNAUTHORIZED: true,
  RATE_LIMITED: true,
  UNAVAILABLE: true,
  INTERNAL_ERROR: true,
  NOT_FOUND: true,
  METHOD_NOT_ALLOWED: true,
  PAYLOAD_TOO_LARGE: true,
};
/** Those that never come over the wire. */
type ClientErrorCode = "NOT_SIGNED_IN" | "NETWORK_ERROR" | "INVALID_RESPONSE" | "SUPERSEDED" | "STORAGE_ERROR";

/** @param baseUrl where the routes are mounted, without a slash at the end */
export function createWire(baseUrl: string, send: typeof fetch): Wire {
  async function ask<Answer>(
    path: string,
    isAnswer: (body: unknown) => body is Answer,
    init: RequestInit,
    limit = PATIENCE,
  ): Promise<Result<Answer>> {
    let status: number;
    let text: string;
    try {
      [status, text] = await bounded(limit, async (signal) => {
        // Passwords and tokens go to `baseUrl` and nowhere else. (Some runtimes do not know `error`, which would reject.)
        const response = await send(baseUrl + path, { ...init, redirect: "manual", signal });
        return [response.status, await response.text()];
      });
    } catch (error) {
      return failure("NETWORK_ERROR", `The service could not be reached: ${messageOf(error)}`);
    }
    // Browsers do not show the status of a redirect.
    if (status === 0 || (status >= 300 && status < 400)) {
      return failure("INVALID_RESPONSE", "The service answered with a redirect, which is not followed: is `baseUrl` right?");
    }
    const body = parse(text);
    if (status < 300 && isAnswer(body)) return body;
    return errorIn(body) ?? failure("INVALID_RESPONSE", `The answer with status ${status} is not one of the service`);
  }
  return {
    signUp: (credentials) => ask("/sign-up/email", isTokens, json(credentials)),
    signIn: (credentials) => ask("/sign-in/email", isTokens, json(credentials)),
    refresh: (refreshToken, limit) => ask("/refresh", isTokens, json({ refresh_token: refreshToken }), limit),
    // Reaches the service also if the page is left at once.
    revoke: (refreshToken) =>
      ask("/revoke", isSuccess, { ...json({ refresh_token: refreshToken }), keepalive: true }),
    session: (accessToken) => ask("/session", isSession, { headers: { Authorization: `Bearer ${accessToken}` } }),
  };
}

/** Whether a value has what is needed of {@link Tokens}. */
export function isTokens(value: unknown): value is Tokens {
  return (
    isSession(value) &&
    isText(value, "access_token") &&
    isText(value, "refresh_token") &&
    "expires_in" in value &&
    typeof value.expires_in === "number" &&
    value.expires_in > 0
  );
}

function isSession(value: unknown): value is Session {
  return isObject(value) && "user" in value && isObject(value.user) && isText(value.user, "id");
}

function isSuccess(value: unknown): value is Success {
  return isObject(value) && "success" in value && value.success === true;
}

/** The error in a body: under `error`, or under `detail` as the routes of FastAPI answer. */
function errorIn(body: unknown): Failure | undefined {
  if (!isObject(body)) return undefined;
  const error = "error" in body ? body.error : "detail" in body ? body.detail : undefined;
  if (Array.isArray(error)) {
    const [first] = error as unknown[];
    return failure("VALIDATION_ERROR", isObject(first) && isText(first, "msg") ? first.msg : "Invalid request");
  }
  if (!isObject(error) || !isText(error, "code") || !isText(error, "message")) return undefined;
  return isServiceErrorCode(error.code) ? failure(error.code, error.message) : undefined;
}

function isServiceErrorCode(code: string): code is keyof typeof SERVICE_ERROR_CODES {
  return Object.hasOwn(SERVICE_ERROR_CODES, code);
}

function json(body: unknown): RequestInit {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isText<Key extends string>(value: object, key: Key): value is Record<Key, string> {
  return typeof (value as Record<string, unknown>)[key] === "string" && (value as Record<string, unknown>)[key] !== "";
}

/** What an error says of itself. Anything may have been thrown, also what has no text or throws where one looks at it. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "no reason can be read";
  }
}
