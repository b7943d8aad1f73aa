/**
 * The service.
 *
 * @module
 */

import { isTaken, type ReadBody, readBody } from "./body.js";
import { once, run, runStatements, type Surroundings } from "./call.js";
import type { Database, Statement } from "./driver/database.js";
import { ServiceError } from "./errors.js";
import { isThenable, type Report, reporter } from "./event.js";
import type { HashPool } from "./hash/pool.js";
import { ensureInstance, enter, isCurrent } from "./instance.js";
import { type Migration, renderSchema, type SchemaScope } from "./migration.js";
import { type Auth101Options, type CheckedOptions, checkOptions } from "./options.js";
import { hasLoneSurrogate } from "./plain.js";
import type { Platform } from "./platform.js";
import { type ResponseParts, responseOf } from "./response.js";
import { withRemedy } from "./remedy.js";
import type {
  Auth,
  Authorization,
  Client,
  Credentials,
  Failure,
  RefreshResult,
  RevokeResult,
  SessionResult,
  SignInResult,
  SignOutResult,
  SignUpResult,
  User,
} from "./types.js";
import { Service, type Task } from "./wasm/auth101.js";

/** Makes the task of a call at a time. */
type Begin = (service: Service, now: number) => Task;

/** Made anew for each call, since a host may add to it. */
const internalError = (): Failure<"INTERNAL_ERROR"> => ({
  error: { message: "Internal server error", code: "INTERNAL_ERROR" },
});

/** Mistakes of the program that `handler` finds in what it is given: a wrong body must not be taken for a wrong password. */
const MISTAKES = {
  noRequest: {
    subject: "request",
    problem: "is no `Request` of the Web",
    remedy: "what `node:http` and Express give goes to `auth101-wasm/node` and `auth101-wasm/express`",
  },
  bodyTaken: {
    subject: "request.body",
    problem: "was read before the request came to `handler`",
    remedy: "mount the routes before whatever reads bodies, or give `handler` a `request.clone()` made before",
  },
  notBytes: {
    subject: "request.body",
    problem: "is a stream of something else than bytes",
    remedy: "let it give `Uint8Array`s",
  },
} as const;

/**
 * E-mail and password authentication over a database of yours.
 *
 * One instance serves any number of concurrent calls. What a user sends never makes a method throw or reject: failures are
 * results with an `error`. `verifyToken`, `migrate` and `purge` reject with a {@link ServiceError} on an outage.
 */
export class Auth101Base implements Auth {
  readonly #platform: Platform;
  readonly #options: CheckedOptions;
  readonly #report: Report;
  readonly #pool: HashPool | undefined;
  readonly #around: Surroundings;
  /** The headers that the core asks for. */
  readonly #headerNames: readonly string[];
  #service: Service;
  /** Which WebAssembly instance the service belongs to. */
  #instance: number;
  #closing: Promise<void> | undefined;

  /** @throws ConfigurationError where an option is missing, unknown or wrong. */
  constructor(options: Auth101Options, platform: Platform) {
    // `{ fetch: auth.handler }` and the like take it off its object.
    this.handler = this.handler.bind(this);
    this.#platform = platform;
    this.#options = checkOptions(options, platform.maxHashMemory);
    const { database, onEvent } = this.#options;
    const report = reporter(onEvent);
    this.#report = (event) => report(event.event === "fault" ? withRemedy(event, database) : event);
    this.#pool = this.#makePool();
    this.#instance = ensureInstance(platform.module);
    this.#service = this.#makeService();
    for (const warning of this.#ask((service) => service.warnings())) console.warn(`auth101-wasm: ${warning}`);
    this.#headerNames = this.#ask((service) => service.headerNames());
    const transaction = { begin: this.#ask((service) => service.begin() as string[]) };
    const tables = this.#ask((service) => service.createTables() as Statement[]);
    const create = once(() => runStatements(database, tables, transaction));
    this.#around = {
      database,
      transaction,
      prepare: database.createsTables === true ? create : () => undefined,
      pool: this.#pool,
      report: this.#report,
    };
  }

  /** {@inheritDoc Auth.signUp} */
  async signUp(credentials: Credentials, client?: Client): Promise<SignUpResult> {
    const [email, password] = [text(credentials?.email), text(credentials?.password)];
    const [ipAddress, userAgent] = [text(client?.ipAddress), text(client?.userAgent)];
    return this.#result((service, now) => service.signUp(now, email, password, ipAddress, userAgent));
  }

  /** {@inheritDoc Auth.signIn} */
  async signIn(credentials: Credentials, client?: Client): Promise<SignInResult> {
    const [email, password] = [text(credentials?.email), text(credentials?.password)];
    const [ipAddress, userAgent] = [text(client?.ipAddress), text(client?.userAgent)];
    return this.#result((service, now) => service.signIn(now, email, password, ipAddress, userAgent));
  }

  /** {@inheritDoc Auth.refresh} */
  async refresh(refreshToken: string): Promise<RefreshResult> {
    return this.#result((service, now) => service.refresh(now, token(refreshToken)));
  }

  /** {@inheritDoc Auth.revokeSession} */
  async revokeSession(refreshToken: string): Promise<RevokeResult> {
    return this.#result((service, now) => service.revokeSession(now, token(refreshToken)));
  }

  /** {@inheritDoc Auth.signOut} */
  async signOut(accessToken: string): Promise<SignOutResult> {
    return this.#result((service, now) => service.signOut(now, token(accessToken)));
  }

  /** {@inheritDoc Auth.getSession} */
  async getSession(accessToken: string): Promise<SessionResult> {
    return this.#result((service, now) => service.getSession(now, token(accessToken)));
  }

  /** {@inheritDoc Auth.verifyToken} */
  async verifyToken(accessToken: string): Promise<User | null> {
    const result = await this.getSession(accessToken);
    if (result.error === undefined) return result.user;
    const { code, message } = result.error;
    if (code === "UNAVAILABLE" || code === "INTERNAL_ERROR") throw new ServiceError(code, message);
    return null;
  }

  /** {@inheritDoc Auth.authorize} */
  async authorize(authorization: string | null | undefined): Promise<Authorization> {
    type Outcome = { user: User; refusal?: undefined } | { user?: undefined; refusal: ResponseParts };
    const given = text(authorization);
    const { user, refusal } = await this.#run<Outcome>((service, now) => service.authorize(now, given)).catch(
      (): Outcome => ({ refusal: lost() }),
    );
    return user === undefined ? { user: null, refusal: responseOf(refusal) } : { user };
  }

  /** {@inheritDoc Auth.handler} */
  async handler(request: Request, client?: Pick<Client, "ipAddress">): Promise<Response> {
    let body: ReadBody = new Uint8Array();
    try {
      const head = headOf(request, client, this.#headerNames);
      if (head === undefined) return this.#mistaken("noRequest");
      const { method, path, headers, ipAddress, userAgent } = head;
      if (this.#ask((service) => service.readsBody(method, path))) {
        if (isTaken(request)) return this.#mistaken("bodyTaken");
        body = await readBody(request);
        if (body === "not bytes") return this.#mistaken("notBytes");
      }
      const bytes = body === "too large" ? undefined : body;
      const parts = await this.#run<ResponseParts>((service, now) =>
        service.handle(now, method, path, headers, bytes, ipAddress, userAgent),
      );
      return responseOf(parts);
    } catch {
      return responseOf(lost());
    } finally {
      // The copy that may hold a password; the core wipes its own.
      if (typeof body !== "string") body.fill(0);
    }
  }

  /** A fault of the program that called `handler`, and the answer for whoever sent the request. */
  #mistaken(mistake: keyof typeof MISTAKES): Response {
    this.#report({ event: "fault", fault: "not_set_up", ...MISTAKES[mistake] });
    return responseOf(lost());
  }

  /** {@inheritDoc Auth.covers} */
  covers(path: string | URL): boolean {
    const text: unknown = typeof path === "string" ? path : (path as Partial<URL> | null | undefined)?.pathname;
    if (typeof text !== "string") throw new TypeError("covers(path): the path must be a text or a URL");
    const named = pathOf(text);
    return this.#ask((service) => service.covers(named));
  }

  /**
   * Makes the tables that are ours where they are missing, and compares all four with the schema. Changes no table that
   * exists, and nothing at all where one of them cannot be used as it is: see `breaks` of a difference.
   *
   * @throws ServiceError where the database is away or refuses; its `cause` is the database's own error.
   */
  async migrate(): Promise<Migration> {
    let cause: unknown;
    const around: Surroundings = {
      ...this.#around,
      // A table that is made at first use would be made here before anything has looked at what is there.
      prepare: () => undefined,
      onError: (error) => (cause = error),
    };
    const result = await this.#result<Migration>((service) => service.migrate(), around);
    if ("error" in result) throw new ServiceError(result.error.code, result.error.message, { cause });
    return result;
  }

  /** The statements that make the tables of this configuration, in order and without semicolons. Asks no database. */
  schema({ dialect = this.#options.database.dialect, all = false }: SchemaScope = {}): string[] {
    return renderSchema(ensureInstance(this.#platform.module), dialect, this.#options.core, all);
  }

  /**
   * Removes the sessions that are over: how many there were. For a schedule, once an hour or a day.
   *
   * @throws ServiceError where the database is away or not set up.
   */
  async purge(): Promise<number> {
    return this.#value<number>((service, now) => service.purge(now));
  }

  /** Ends the threads and gives the database back, once. Calls in progress may fail; later ones do. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      try {
        await this.#pool?.close();
      } finally {
        await this.#options.database.close?.();
      }
    })();
    return this.#closing;
  }

  #makePool(): HashPool | undefined {
    const { threads } = this.#platform;
    const size = this.#options.hashWorkers ?? threads?.count() ?? 0;
    return size > 0 ? threads?.pool(size) : undefined;
  }

  #makeService(): Service {
    const { core, database, passwordBlocklist: isRefused } = this.#options;
    // What the core gets must answer at once: a promise is no boolean, and must not be left alone if it rejects.
    const passwordBlocklist =
      isRefused &&
      ((password: string): unknown => {
        const answer: unknown = isRefused(password);
        if (isThenable(answer)) Promise.resolve(answer).catch(() => {});
        return answer;
      });
    // Without a secret the database has not been looked at: it is the core that refuses then.
    const { dialect = "sqlite", createsTables, textsAsBytes } = (database ?? {}) as Partial<Database>;
    const hashesElsewhere = this.#pool !== undefined;
    return enter(
      this.#instance,
      () =>
        new Service(dialect, core, createsTables === true, textsAsBytes === true, hashesElsewhere, passwordBlocklist),
      this.#report,
    );
  }

  /** The service in the instance of now. */
  #current(): Service {
    if (!isCurrent(this.#instance)) {
      this.#instance = ensureInstance(this.#platform.module);
      this.#service = this.#makeService();
    }
    return this.#service;
  }

  /** Asks the service what it answers at once. */
  #ask<T>(question: (service: Service) => T): T {
    const service = this.#current();
    return enter(this.#instance, () => question(service), this.#report);
  }

  // Without `async`, what is thrown where no instance can be made would pass by whoever catches a rejection.
  async #run<Outcome>(begin: Begin, around = this.#around): Promise<Outcome> {
    const service = this.#current();
    return run(this.#instance, () => begin(service, Date.now()), around);
  }

  async #result<Result extends object>(begin: Begin, around = this.#around): Promise<Result | Failure<"INTERNAL_ERROR">> {
    try {
      return await this.#run<Result>(begin, around);
    } catch {
      return internalError();
    }
  }

  async #value<Value extends object | number>(begin: Begin, around = this.#around): Promise<Value> {
    const result = await this.#result<Value & object>(begin, around);
    const { error } = result as Partial<Failure<"UNAVAILABLE" | "INTERNAL_ERROR">>;
    if (error !== undefined) throw new ServiceError(error.code, error.message);
    return result as Value;
  }
}

/** The answer where the core can give none. */
function lost(): ResponseParts {
  return {
    status: 500,
    headers: [["Content-Type", "application/json"], ["Cache-Control", "no-store"]],
    body: JSON.stringify(internalError()),
  };
}

/** What the core reads of a request, read before the core is entered; nothing where it is no request. */
function headOf(request: Request, client: Pick<Client, "ipAddress"> | undefined, names: readonly string[]) {
  const { method, url, headers } = (request ?? {}) as Partial<Request>;
  if (typeof method !== "string" || typeof url !== "string" || typeof headers?.get !== "function") return undefined;
  const header = (name: string) => text(headers.get(name));
  return {
    method,
    path: pathOf(url),
    headers: names.flatMap((name) => {
      const value = header(name);
      return value === undefined ? [] : [name, value];
    }),
    ipAddress: text(client?.ipAddress),
    userAgent: header("user-agent"),
  };
}

/** Longer than any text that the core takes for what it asks for, so that the rest of a longer one need not be carried. */
const MAX_TEXT = 65_536;

/** Text that can be UTF-8; everything else is nothing, as in the bodies of requests. */
function text(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  // Not between the halves of a surrogate pair; and with an end that nothing trims, so that it stays too long.
  const taken = value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT).replace(/[\ud800-\udbff]$/, "")}\ufffd` : value;
  return hasLoneSurrogate(taken) ? undefined : taken;
}

/** A token. What is none of ours, but is there, stays something: a missing token is told from a wrong one. */
function token(value: unknown): string | undefined {
  return text(value) ?? (value ? "not text" : undefined);
}

/** The path of a URL, or of a path with a query. */
function pathOf(url: string): string {
  const afterScheme = url.startsWith("/") ? 0 : url.indexOf("://") + 3;
  const rest = url.slice(afterScheme);
  // A host may be followed by a query or a fragment at once: the path is the root then, whatever they hold.
  const start = afterScheme === 0 ? 0 : rest.search(/[/?#]/);
  if (start < 0 || rest[start] !== "/") return "/";
  const path = rest.slice(start);
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}
