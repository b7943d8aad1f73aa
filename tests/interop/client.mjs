// A client of the six routes, whoever serves them.

import assert from "node:assert/strict";

/**
 * @param {string | URL} base where the server is, without the path of the routes
 * @returns the routes as functions; each resolves to { status, headers, text, body }
 */
export function client(base) {
  const request = async (path, { headers, ...init } = {}) => {
    // A connection each: a server may close one that it leaves idle, just when the next request is on its way.
    const response = await fetch(new URL(path, base), {
      redirect: "manual",
      ...init,
      headers: { connection: "close", ...headers },
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  };
  const post = (path, body) =>
    request(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  const bearing = (path, token, init) => request(path, { ...init, headers: { authorization: `Bearer ${token}` } });
  return {
    request,
    post,
    signUp: (email, password) => post("/auth/sign-up/email", { email, password }),
    signIn: (email, password) => post("/auth/sign-in/email", { email, password }),
    refresh: (refresh_token) => post("/auth/refresh", { refresh_token }),
    revoke: (refresh_token) => post("/auth/revoke", { refresh_token }),
    signOut: (token) => bearing("/auth/sign-out", token, { method: "POST" }),
    session: (token) => bearing("/auth/session", token),
    /** A route of the host's own. */
    ask: bearing,
  };
}

/** The answer's body, if it is a success. */
export function succeeded(answer) {
  assert.ok([200, 201].includes(answer.status), `${answer.status} ${answer.text}`);
  return answer.body;
}

/** Asserts a refusal: "401 SESSION_NOT_FOUND". */
export function refused(answer, expected) {
  const error = answer.body?.error ?? answer.body?.detail;
  assert.equal(`${answer.status} ${error?.code}`, expected, answer.text);
}

/** The claims of a token. */
export function claims(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
}

let people = 0;
/** Somebody whom no other test knows. */
export function somebody() {
  people += 1;
  return { email: `person-${people}@example.com`, password: `password of person ${people}` };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
