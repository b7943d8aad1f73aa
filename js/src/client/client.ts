import type { Credentials, Session, Success, Tokens } from "../types.js";
import { createChanges, type Listener } from "./changes.js";
import { createFetch } from "./fetch.js";
import { createRefresher, notSignedIn } from "./refresh.js";
import { failure, type Result } from "./result.js";
import { memoryStorage, type TokenStorage } from "./storage.js";
import { createVault, settled, storedSession } from "./vault.js";
import { createWire } from "./wire.js";

/** What a client needs to know. */
export interface ClientOptions {
  /**
   * Where the routes are mounted, such as `https://example.com/auth`. In a page it may be a path, `/auth`.
   */
  baseUrl: string;
  /** Where the session is kept; in memory unless given. One storage is one session. */
  storage?: TokenStorage | undefined;
  /**
   * The origins that `fetch` sends the access token to, such as `https://api.example.com`. Only that of `baseUrl`
   * unless given.
   */
  origins?: readonly string[] | undefined;
  /**
   * Milliseconds after which the answer to a refresh counts as lost and is asked for once more; 4000 unless given. Two
   * of them must fit into the grace period of the service.
   */
  refreshTimeout?: number | undefined;
  /** What sends requests; the platform's `fetch` unless given. */
  fetch?: typeof fetch | undefined;
}

/**
 * A client of the service, made by {@link createClient}. The methods do not depend on `this`. They resolve to a
 * {@link Result} and do not reject; only `fetch` does, as every `fetch`.
 */
export interface Client {
  /** Registers a user and signs in. */
  signUp(credentials: Credentials): Promise<Result<Tokens>>;
  /** Signs in. What the storage held before is replaced, and not ended. */
  signIn(credentials: Credentials): Promise<Result<Tokens>>;
  /**
   * Signs out: forgets the session at once, then ends it at the service. If that fails, nobody is signed in here, but
   * somebody who had copied the tokens could use them until they expire.
   */
  signOut(): Promise<Result<Success>>;
  /** Asks the service who is signed in. */
  getSession(): Promise<Result<Session>>;
  /** An access token that is good for a while: the stored one, or a renewed one shortly before it expires. */
  accessToken(): Promise<Result<AccessToken>>;
  /** Renews the tokens now. Seldom needed: `accessToken`, `getSession` and `fetch` do it by themselves. */
  refresh(): Promise<Result<Tokens>>;
  /**
   * Like the platform's `fetch`, with the access token in the `Authorization` header of requests to the `origins`. A
   * request that is answered 401 is sent once more with a renewed token, unless its body is a stream. A request that
   * has an `Authorization` header of its own, goes elsewhere, or is made while nobody is signed in is sent as it is.
   *
   * Rejects as `fetch` does, and with a `TypeError` if the token has expired and cannot be renewed now.
   */
  fetch: typeof fetch;
  /**
   * Calls the listener soon with who is signed in, or null, and again whenever that changes: by this client, by a
   * refresh that found the session over, or by another page with the same storage. Returns a function that ends it.
   *
   * It tells what the storage holds; whether the service agrees is the question of `getSession`.
   */
  subscribe(listener: Listener): () => void;
}

/** What {@link Client.accessToken} resolves to. */
export interface AccessToken {
  /** For an `Authorization: Bearer` header. */
  readonly access_token: string;
  readonly error?: undefined;
}

/**
 * Makes a client. One for each user: on a server, that is one for each request.
 *
 * @throws TypeError naming the option, if one is missing or makes no sense
 */
export function createClient(options: ClientOptions): Client {
  const { baseUrl, origins, storage, refreshTimeout, send } = checked(options);
  const wire = createWire(baseUrl, send);
  const vault = createVault(storage, () => changes.changed());
  const changes = createChanges(storage, vault.read);
  const refresher = createRefresher(storage, vault, wire, refreshTimeout);
  /** Counts sign-ups, sign-ins and sign-outs: the last one that was called counts. */
  let turn = 0;

  async function enter(ask: (credentials: unknown) => Promise<Result<Tokens>>, credentials: Credentials) {
    const own = ++turn;
    const sentAt = Date.now();
    // Another type than the declared one is for the service to refuse, also where it has no form in JSON.
    const { email, password } = (credentials as Partial<Credentials> | undefined) ?? {};
    const answer = await ask({ email: text(email), password: text(password) });
    if (answer.error) return answer;
    try {
      if (await vault.open(storedSession(answer, sentAt), () => own === turn)) return answer;
    } catch (error) {
      void wire.revoke(answer.refresh_token);
      throw error;
    }
    void wire.revoke(answer.refresh_token);
    return failure("SUPERSEDED", "A later sign-in or sign-out overtook this one");
  }

  return {
    signUp: (credentials) => settled(() => enter(wire.signUp, credentials)),
    signIn: (credentials) => settled(() => enter(wire.signIn, credentials)),
    signOut: () => {
      turn++;
      return settled(async () => {
        const stored = await vault.close();
        if (stored === null) return { success: true };
        const answer = await wire.revoke(stored.refresh_token);
        // The token had expired, and the session with it.
        return answer.error?.code === "INVALID_TOKEN" ? { success: true } : answer;
      });
    },
    getSession: () =>
      settled(async () => {
        const session = await refresher.fresh();
        if (session.error) return session;
        const answer = await wire.session(session.access_token);
        if (answer.error?.code !== "UNAUTHORIZED") return answer;
        const renewed = await refresher.renewed(session);
        return renewed.error ? renewed : wire.session(renewed.access_token);
      }),
    accessToken: () =>
      settled(async () => {
        const session = await refresher.fresh();
        return session.error ? session : { access_token: session.access_token };
      }),
    refresh: () =>
      settled(async () => {
        const stored = await vault.read();
        return stored ? refresher.renewed(stored) : notSignedIn();
      }),
    fetch: createFetch(origins, send, refresher),
    subscribe: changes.subscribe,
  };
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

const OPTIONS: ReadonlySet<string> = new Set<keyof ClientOptions>([
  "baseUrl",
  "storage",
  "origins",
  "refreshTimeout",
  "fetch",
]);

function checked(options: ClientOptions) {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name)) throw new TypeError(`\`${name}\` is not an option; they are ${[...OPTIONS].join(", ")}`);
  }
  const { baseUrl, storage = memoryStorage(), origins, refreshTimeout = 4000 } = options;
  const base = absolute(baseUrl);
  if (!base) {
    throw new TypeError("`baseUrl` must be a URL such as https://example.com/auth, or in a page a path such as /auth");
  }
  // `fetch` refuses such a URL, and says it in full.
  if (base.username !== "" || base.password !== "") {
    throw new TypeError("`baseUrl` must have no user name and no password");
  }
  if (typeof storage?.get !== "function" || typeof storage.set !== "function") {
    throw new TypeError("`storage` must have the methods `get` and `set`, such as webStorage(localStorage) has");
  }
  if (!(Number.isFinite(refreshTimeout) && refreshTimeout > 0)) {
    throw new TypeError("`refreshTimeout` must be a number of milliseconds above zero");
  }
  // Looked up at each call and called on nothing: a page may replace it, and browsers refuse it as a method.
  const send: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init));
  if (typeof send !== "function") throw new TypeError("`fetch` must be a function");
  return {
    baseUrl: base.href.replace(/\/+$/, ""),
    origins: new Set(origins ? Array.from(origins, checkedOrigin) : [base.origin]),
    storage,
    refreshTimeout,
    send,
  };
}

function checkedOrigin(origin: string): string {
  const url = absolute(origin);
  if (!url || url.origin === "null" || url.href !== `${url.origin}/`) {
    // What stands before an @ may be a password.
    const given = String(origin).replace(/.*@/s, "…@");
    throw new TypeError(`\`origins\` must name origins such as https://api.example.com, and \`${given}\` is none`);
  }
  return url.origin;
}

function absolute(url: unknown): URL | undefined {
  if (typeof url !== "string") return undefined;
  try {
    const page = globalThis.document?.baseURI ?? globalThis.location?.href;
    // A page that was opened with a password in its address would hand that on to every path.
    const parsed = new URL(url, page?.replace(/^(https?:\/\/)[^/?#]*@/i, "$1"));
    return /^https?:$/.test(parsed.protocol) && parsed.search === "" && parsed.hash === "" ? parsed : undefined;
  } catch {
    return undefined;
  }
}
