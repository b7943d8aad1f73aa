/**
 * What goes in and comes out: users, tokens, errors. Results have the shape of the HTTP answers.
 *
 * @module
 */

/** A user, as every answer shows one. */
export interface User {
  /** Any text; a UUID for users that were made here. */
  readonly id: string;
  /** Empty for new users. */
  readonly name: string;
  /** In normal form: trimmed, lower case. */
  readonly email: string;
  /** `false` for new users. */
  readonly email_verified: boolean;
  /** Empty for new users. */
  readonly image: string;
  /** A user whose flag is off cannot sign in, refresh or read the session. */
  readonly is_active: boolean;
}

/** What sign-up, sign-in and refresh give. */
export interface Tokens {
  /** The user. */
  readonly user: User;
  /** Shown as `Authorization: Bearer …` with every call. */
  readonly access_token: string;
  /** Shown to refresh and revoke only. */
  readonly refresh_token: string;
  /** Seconds until the access token expires. */
  readonly expires_in: number;
  readonly error?: undefined;
}

/** What `getSession` gives. */
export interface Session {
  /** The user of the access token. */
  readonly user: User;
  readonly error?: undefined;
}

/** What `revokeSession` and `signOut` give. */
export interface Success {
  readonly success: true;
  readonly error?: undefined;
}

/**
 * What a failure is called, for programs. Messages are for people and may change.
 *
 * - `VALIDATION_ERROR`: something is missing, or an address or password breaks a rule. The message says which.
 * - `USER_EXISTS`: the address is taken.
 * - `INVALID_CREDENTIALS`: the sign-in failed; why is not told.
 * - `INVALID_TOKEN`: not a token of ours, or past its expiry.
 * - `SESSION_NOT_FOUND`: the session was revoked, has expired, or the refresh token was used before.
 * - `USER_NOT_FOUND`: the token's user is gone.
 * - `UNAUTHORIZED`: no usable access token, or its session has ended.
 * - `UNAVAILABLE`: the database, the source of randomness or the hashing workers cannot answer now; try again later,
 *   after `retryAfter` seconds where that is told.
 * - `INTERNAL_ERROR`: wrongly set up, or a defect; the event `fault` says which.
 * - `NOT_FOUND`, `METHOD_NOT_ALLOWED`, `PAYLOAD_TOO_LARGE`: answers of `handler` only.
 */
export type ErrorCode =
  | "VALIDATION_ERROR"
  | "USER_EXISTS"
  | "INVALID_CREDENTIALS"
  | "INVALID_TOKEN"
  | "SESSION_NOT_FOUND"
  | "USER_NOT_FOUND"
  | "UNAUTHORIZED"
  | "UNAVAILABLE"
  | "INTERNAL_ERROR"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "PAYLOAD_TOO_LARGE";

/** The codes that any call may fail with. */
export type OutageCode = "UNAVAILABLE" | "INTERNAL_ERROR";

/** A call that did not succeed. `result.error` tells it from a success. */
export interface Failure<Code extends ErrorCode = ErrorCode> {
  readonly error: {
    /** For people. */
    readonly message: string;
    /** For programs. */
    readonly code: Code;
    /** With `UNAVAILABLE`, where too many passwords wait to be hashed: seconds after which it may be tried again. */
    readonly retryAfter?: number;
  };
}

/** How a sign-up ends. */
export type SignUpResult = Tokens | Failure<"VALIDATION_ERROR" | "USER_EXISTS" | OutageCode>;
/** How a sign-in ends. */
export type SignInResult = Tokens | Failure<"INVALID_CREDENTIALS" | OutageCode>;
/** How a refresh ends. */
export type RefreshResult =
  | Tokens
  | Failure<"VALIDATION_ERROR" | "INVALID_TOKEN" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | OutageCode>;
/** How a revocation ends. */
export type RevokeResult = Success | Failure<"VALIDATION_ERROR" | "INVALID_TOKEN" | OutageCode>;
/** How a sign-out ends. */
export type SignOutResult = Success | Failure<"UNAUTHORIZED" | "INVALID_TOKEN" | OutageCode>;
/** How the reading of a session ends. */
export type SessionResult = Session | Failure<"UNAUTHORIZED" | "USER_NOT_FOUND" | OutageCode>;

/** Who a request comes from, or what it is answered. */
export type Authorization =
  | { readonly user: User; readonly refusal?: undefined }
  | { readonly user: null; readonly refusal: Response };

/** An address and its password, as the user typed them. */
export interface Credentials {
  /** Normalised here: trimmed, lower case. */
  readonly email: string;
  /** Taken as it is. */
  readonly password: string;
}

/** Whom a request comes from; kept in the session's row, and used for nothing else. */
export interface Client {
  /** The address of the peer as the platform vouches for it. Never a header that the peer can write itself. */
  readonly ipAddress?: string | undefined;
  /** The `User-Agent` header. */
  readonly userAgent?: string | undefined;
}

/**
 * The service as integrations see it: what an `Auth101` implements. Take this type, not the class, where an instance
 * is passed around.
 */
export interface Auth {
  /** Registers a user and opens a first session. */
  signUp(credentials: Credentials, client?: Client): Promise<SignUpResult>;
  /** Opens a session for a known address and its password. */
  signIn(credentials: Credentials, client?: Client): Promise<SignInResult>;
  /** Exchanges a refresh token. */
  refresh(refreshToken: string): Promise<RefreshResult>;
  /** Ends the session of a refresh token. */
  revokeSession(refreshToken: string): Promise<RevokeResult>;
  /** Ends the session of an access token. */
  signOut(accessToken: string): Promise<SignOutResult>;
  /** The user of an access token whose session stands. */
  getSession(accessToken: string): Promise<SessionResult>;
  /**
   * The user of an access token, or null: what a host's own routes ask before they answer.
   *
   * @throws ServiceError where it could not be found out: an outage is not a refusal.
   */
  verifyToken(accessToken: string): Promise<User | null>;
  /**
   * The user of a request's `Authorization` header, or the response that refuses the request: 401 in the words of the
   * routes, 503 or 500 where it could not be found out.
   */
  authorize(authorization: string | null | undefined): Promise<Authorization>;
  /** Answers a request to one of the six routes. Never rejects. */
  handler(request: Request, client?: Pick<Client, "ipAddress">): Promise<Response>;
  /** Whether a path, or the path of a URL, lies under the base path and is therefore for `handler`. */
  covers(path: string | URL): boolean;
}
