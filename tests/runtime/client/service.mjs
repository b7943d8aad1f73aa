// A service that answers what a test wants, where the real one would not: nothing, too late, nonsense.

import { clientScript, openPage, token } from "./page.mjs";

export const BASE = "https://auth.example.com/auth";
export const ADA = {
  id: "5a1f8c1e-0000-4000-8000-000000000001",
  name: "",
  email: "ada@example.com",
  email_verified: false,
  image: "",
  is_active: true,
};
export const CREDENTIALS = { email: ADA.email, password: "correct horse" };

const script = await clientScript();

export class Service {
  /** What arrived: `{ path, body, authorization, signal }`. */
  requests = [];
  /** What answers in the place of the default, by path; gets the request. */
  answers = {};
  #minted = 0;

  fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const path = url.href.startsWith(BASE) ? url.href.slice(BASE.length) : url.href;
    const text = await request.text();
    const entry = {
      path,
      method: request.method,
      body: request.headers.get("content-type") === "application/json" ? JSON.parse(text) : text,
      authorization: request.headers.get("authorization"),
      keepalive: init?.keepalive,
      signal: init?.signal,
    };
    this.requests.push(entry);
    return (this.answers[path] ?? this.#default)(entry);
  };

  #default = ({ path, body }) => {
    if (path === "/session") return answer(200, { user: ADA });
    if (path === "/revoke") return answer(200, { success: true });
    if (path === "/refresh") return answer(200, this.tokens({ sid: sidOf(body.refresh_token) }));
    if (path.startsWith("https:")) return answer(200, { hello: "world" });
    return answer(path === "/sign-up/email" ? 201 : 200, this.tokens({ sid: `session-of-request-${this.requests.length}` }));
  };

  /** The next tokens: each pair a second younger than the one before. */
  tokens({ user = ADA, sid = "session-1", expires_in = 3600 } = {}) {
    const iat = 1_700_000_000 + this.#minted++;
    const claims = { sub: user.id, sid, iat, exp: iat + expires_in };
    return {
      user,
      access_token: token({ ...claims, type: "access" }),
      refresh_token: token({ ...claims, type: "refresh" }),
      expires_in,
    };
  }

  /** The requests that went to a path. */
  to(path) {
    return this.requests.filter((request) => request.path === path);
  }
}

function sidOf(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sid;
}

export function answer(status, body) {
  return new Response(JSON.stringify(body), { status });
}

export function refusal(status, code) {
  return answer(status, { error: { message: `Message of ${code}`, code } });
}

/** A client in a page of its own, and the storage it uses; signed in with `session`, if given. */
export function open(service, { session, globals = {}, ...options } = {}) {
  const page = openPage(script, { fetch: service.fetch, ...globals });
  const storage = options.storage ?? page.memoryStorage();
  if (session) storage.set(session);
  return { page, storage, auth: page.createClient({ baseUrl: BASE, ...options, storage }) };
}

/** What the storage holds after an answer, valid for as long as it says, or already expired. */
export function stored(tokens, { expired = false } = {}) {
  return { ...tokens, expires_at: Date.now() + (expired ? -1 : tokens.expires_in * 1000) };
}

/** Something that a test settles when it wants to. */
export function deferred() {
  let resolve, reject;
  const promise = new Promise((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

/** Lets everything run that does not wait for a timer. */
export async function settle() {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
