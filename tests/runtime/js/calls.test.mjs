// The methods as a program calls them: results of the documented shape, many at once, and whatever a host's own
// functions do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Auth101, ServiceError } from "../../../js/dist/esm/entry/server.js";
import { sqlite } from "../../../js/dist/esm/driver/sqlite.js";

const CHEAP = { allowWeakArgon2: true, argon2Memory: 8, argon2Iterations: 1 };
const ADA = { email: "ada@example.com", password: "correct horse" };

function make(options = {}) {
  const events = [];
  const secret = "a-secret-of-the-tests-with-more-than-32-bytes";
  const database = sqlite(":memory:");
  const auth = new Auth101({ secret, database, hashWorkers: 0, ...CHEAP, onEvent: (event) => events.push(event), ...options });
  return { auth, events, database: options.database ?? database };
}

/** A database whose next batches do as they are told. */
function scripted(...batches) {
  const inner = sqlite(":memory:");
  return { ...inner, batch: (...given) => (batches.shift() ?? inner.batch)(...given) };
}

test("results have the shape of the wire", async () => {
  const { auth } = make();
  const signedUp = await auth.signUp({ email: " Ada@Example.com ", password: ADA.password }, { ipAddress: "192.0.2.1" });
  assert.deepEqual(Object.keys(signedUp), ["user", "access_token", "refresh_token", "expires_in"]);
  assert.deepEqual(Object.keys(signedUp.user), ["id", "name", "email", "email_verified", "image", "is_active"]);
  assert.equal(signedUp.user.email, ADA.email);
  const { access_token, refresh_token, user } = await auth.signIn(ADA);
  assert.deepEqual(await auth.getSession(access_token), { user });
  assert.deepEqual(await auth.verifyToken(access_token), user);
  assert.deepEqual(await auth.authorize(`Bearer ${access_token}`), { user });
  assert.deepEqual((await auth.refresh(refresh_token)).user, user);
  assert.deepEqual(await auth.revokeSession(refresh_token), { success: true });
  assert.deepEqual(await auth.signOut(access_token), { success: true });
  assert.deepEqual(await auth.getSession(access_token), { error: { message: "Unauthorized", code: "UNAUTHORIZED" } });
  assert.equal(await auth.verifyToken(access_token), null);
  const taken = await auth.signUp(ADA);
  assert.deepEqual(taken, { error: { message: "User already exists", code: "USER_EXISTS" } });
});

test("the style of the HTTP answers does not change results, but the refusals of a host's routes", async () => {
  const { auth } = make({ responseStyle: "fastapi" });
  assert.equal((await auth.signIn(ADA)).error.code, "INVALID_CREDENTIALS");
  const { refusal } = await auth.authorize(undefined);
  assert.equal(refusal.status, 401);
  assert.deepEqual(await refusal.json(), { detail: { message: "Unauthorized", code: "UNAUTHORIZED" } });
});

test("nothing that a user may send throws", async () => {
  const { auth } = make();
  const odd = [undefined, null, "", 0, 5, true, {}, [], "\ud800", "x\udc00", "\0", Symbol("x"), () => {}, 10n];
  for (const value of odd) {
    for (const credentials of [value, { email: value, password: value }, { ...ADA, email: value }]) {
      const code = (await auth.signUp(credentials, value)).error?.code;
      assert.equal(code, "VALIDATION_ERROR", String(value));
      assert.equal((await auth.signIn(credentials, value)).error?.code, "INVALID_CREDENTIALS", String(value));
    }
    const missing = value === undefined || value === null || value === "" || value === 0;
    assert.equal((await auth.refresh(value)).error.code, missing ? "VALIDATION_ERROR" : "INVALID_TOKEN", String(value));
    assert.equal((await auth.revokeSession(value)).error.code, missing ? "VALIDATION_ERROR" : "INVALID_TOKEN");
    assert.equal((await auth.signOut(value)).error.code, missing ? "UNAUTHORIZED" : "INVALID_TOKEN");
    assert.equal((await auth.getSession(value)).error.code, "UNAUTHORIZED");
    assert.equal(await auth.verifyToken(value), null);
    assert.equal((await auth.authorize(value)).refusal.status, 401);
  }
});

test("the client is kept in the session's row", async () => {
  const { auth, database } = make();
  await auth.signUp(ADA, { ipAddress: "192.0.2.1", userAgent: "a test" });
  const body = JSON.stringify(ADA);
  // A forwarded address is the peer's own word: it is not taken.
  const headers = { "user-agent": "another", "x-forwarded-for": "198.51.100.1" };
  const request = new Request("http://host/auth/sign-in/email", { method: "POST", body, headers });
  await auth.handler(request, { ipAddress: "192.0.2.2" });
  const sql = "SELECT ip_address, user_agent FROM session ORDER BY ip_address";
  const [{ rows }] = database.batch([{ sql, params: [] }], { begin: [] });
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { ip_address: "192.0.2.1", user_agent: "a test" },
    { ip_address: "192.0.2.2", user_agent: "another" },
  ]);
});

test("an outage is a result where there is one, and an error where there is none", async () => {
  const away = () => Promise.reject(Object.assign(new Error("marker"), { code: "ECONNREFUSED" }));
  const { auth, events } = make({ database: { dialect: "sqlite", batch: away } });
  assert.equal((await auth.signIn(ADA)).error.code, "UNAVAILABLE");
  const { access_token } = await make().auth.signUp(ADA);
  assert.equal((await auth.getSession(access_token)).error.code, "UNAVAILABLE");
  for (const call of [() => auth.verifyToken(access_token), () => auth.migrate(), () => auth.purge()]) {
    await assert.rejects(call, (error) => error instanceof ServiceError && error.code === "UNAVAILABLE");
  }
  assert.equal((await auth.authorize(`Bearer ${access_token}`)).refusal.status, 503);
  assert.deepEqual(new Set(events.map((event) => JSON.stringify(event))), new Set([
    '{"event":"fault","fault":"database_unavailable","code":"ECONNREFUSED"}',
  ]));
});

test("a database that never answers is an outage after ten seconds", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { auth, events } = make({ database: { dialect: "sqlite", batch: () => new Promise(() => {}) } });
  let result;
  const call = auth.signIn(ADA).then((settled) => (result = settled));
  await turns();
  t.mock.timers.tick(9_999);
  await turns();
  assert.equal(result, undefined);
  t.mock.timers.tick(1);
  await call;
  assert.equal(result.error.code, "UNAVAILABLE");
  assert.deepEqual(events, [
    { event: "fault", fault: "database_unavailable", problem: "did not answer in time" },
  ]);
});

for (const [what, given] of [
  ["nothing", undefined],
  ["no array", {}],
  ["too few results", []],
  ["too many results", Array(9).fill({ rows: [], affected: 0 })],
  ["results without rows", [{ affected: 0 }]],
  ["a list with holes", [,]],
  ["rows with holes", [{ rows: [,], affected: 0 }]],
  ["rows that are none", [{ rows: [null], affected: 0 }]],
  ["rows that are arrays", [{ rows: [["x"]], affected: 0 }]],
  ["an impossible count", [{ rows: [], affected: -1 }]],
]) {
  test(`a driver that gives ${what} is a fault, not a crash`, async () => {
    const { auth, events } = make({ database: { dialect: "sqlite", batch: () => given } });
    assert.equal((await auth.signIn(ADA)).error.code, "INTERNAL_ERROR");
    assert.equal(events[0].event, "fault");
    if (what.includes("results")) assert.match(events[0].problem, /one for each statement/);
  });
}

test("a value that is no value of ours names its column", async () => {
  const { auth, database, events } = make();
  const { access_token } = await auth.signUp(ADA);
  const dated = { ...database, batch: (...given) => database.batch(...given).map(withDates) };
  const other = make({ database: dated });
  assert.equal((await other.auth.getSession(access_token)).error.code, "INTERNAL_ERROR");
  assert.equal(other.events[0].fault, "unreadable_row");
  assert.equal(other.events[0].column, "session.expires_at");
  assert.equal(events.filter(({ event }) => event === "fault").length, 0);
});

const getter = () => { throw new Error("marker"); };
const own = (name, descriptor) => (row) => Object.defineProperty({ ...row }, name, { enumerable: true, ...descriptor });

for (const [what, change, code] of [
  ["a getter that throws", own("user_email", { get: getter }), "UNAVAILABLE"],
  ["a proxy that throws", (row) => new Proxy(row, { ownKeys: getter }), "UNAVAILABLE"],
  ["a proxy", (row) => new Proxy(row, {}), undefined],
  ["an iterator that throws", own(Symbol.iterator, { get: getter }), undefined],
  ["a column called __proto__", own("__proto__", { value: { user_email: "x" } }), undefined],
  ["a cycle in a column of the host's", (row) => own("its_own", { value: row })(row), undefined],
  ["a Uint8Array", own("user_email", { value: new Uint8Array(2) }), "INTERNAL_ERROR"],
  ["a function", own("user_email", { value: getter }), "INTERNAL_ERROR"],
  ["a symbol", own("user_email", { value: Symbol("x") }), "INTERNAL_ERROR"],
  ["half of a surrogate pair", own("user_email", { value: "\ud800" }), "INTERNAL_ERROR"],
  ["a number that is none", own("user_is_active", { value: NaN }), "INTERNAL_ERROR"],
  ["a fraction for a boolean", own("user_is_active", { value: 0.5 }), "INTERNAL_ERROR"],
  ["a bigint for a boolean", own("user_is_active", { value: 1n }), undefined],
]) {
  test(`${what} in a row ends as ${code ?? "a session"}, and the instance goes on`, async () => {
    let isHostile = false;
    const inner = sqlite(":memory:");
    const hostile = ({ rows, affected }) => ({ rows: rows.map(change), affected });
    const batch = (...given) => (isHostile ? inner.batch(...given).map(hostile) : inner.batch(...given));
    const { auth, events } = make({ database: { ...inner, batch } });
    const { access_token, user } = await auth.signUp(ADA);
    isHostile = true;
    assert.equal((await auth.getSession(access_token)).error?.code, code);
    isHostile = false;
    assert.deepEqual(await auth.getSession(access_token), { user });
    assert.equal(events.some(({ fault }) => fault === "instance_lost"), false);
  });
}

test("an identifier that is a bigint is its digits", async () => {
  const { auth, database } = make();
  const { access_token } = await auth.signUp(ADA);
  for (const [id, text] of [[7n, "7"], [2n ** 60n, "1152921504606846976"], [7, "7"]]) {
    const numbered = ({ rows, affected }) => ({ rows: rows.map((row) => ({ ...row, user_id: id })), affected });
    const other = make({ database: { ...database, batch: (...given) => database.batch(...given).map(numbered) } });
    assert.equal((await other.auth.getSession(access_token)).user.id, text);
  }
});

function withDates({ rows, affected }) {
  return { rows: rows.map((row) => ({ ...row, session_expires_at: new Date() })), affected };
}

test("tables that are missing are named with the command that makes them", async () => {
  const database = { ...sqlite(":memory:"), createsTables: false };
  const { auth, events } = make({ database });
  assert.equal((await auth.signIn(ADA)).error.code, "INTERNAL_ERROR");
  assert.equal(events[0].fault, "not_set_up");
  assert.equal(events[0].subject, "users");
  assert.match(events[0].remedy, /npx auth101-wasm migrate/);
  assert.deepEqual((await auth.migrate()).differences, []);
  assert.equal((await auth.signUp(ADA)).error, undefined);
});

test("making the tables is tried again after it failed", async () => {
  const { auth } = make({ database: scripted(() => Promise.reject(new Error("disk is away"))) });
  assert.equal((await auth.signUp(ADA)).error.code, "UNAVAILABLE");
  assert.equal((await auth.signUp(ADA)).error, undefined);
});

test("without a listener faults are written to the console, and nothing else", async (t) => {
  const said = t.mock.method(console, "error", () => {});
  const { auth } = make({ onEvent: undefined, database: scripted(undefined, undefined, () => Promise.reject(new Error("marker"))) });
  await auth.signUp(ADA);
  assert.equal(said.mock.callCount(), 0);
  await auth.signIn(ADA);
  assert.equal(said.mock.callCount(), 1);
  assert.doesNotMatch(said.mock.calls[0].arguments[0], /marker/);
});

test("a listener that throws or rejects breaks nothing", async (t) => {
  const said = t.mock.method(console, "error", () => {});
  for (const onEvent of [() => { throw new Error("marker"); }, async () => { throw new Error("marker"); }]) {
    const { auth } = make({ onEvent });
    assert.equal((await auth.signUp(ADA)).error, undefined);
  }
  await turns();
  assert.equal(said.mock.callCount(), 2);
  assert.doesNotMatch(String(said.mock.calls.map((call) => call.arguments)), /marker/);
});

test("a listener may call the service", async () => {
  let nested;
  const { auth } = make({ onEvent: (event) => (event.event === "signed_up" ? (nested = auth.signIn(ADA)) : undefined) });
  await auth.signUp(ADA);
  assert.equal((await nested).error, undefined);
});

test("passwords on the blocklist are refused, and all where the list cannot be read", async () => {
  const blocked = { error: { message: "Password is not allowed", code: "VALIDATION_ERROR" } };
  const asked = [];
  const listed = make({ passwordBlocklist: (password) => asked.push(password) > 0 && password === ADA.password });
  assert.deepEqual(await listed.auth.signUp(ADA), blocked);
  assert.equal((await listed.auth.signUp({ ...ADA, password: "another one" })).error, undefined);
  await listed.auth.signUp({ ...ADA, password: "short" });
  assert.deepEqual(asked, [ADA.password, "another one"]);
  const rejecting = async () => {
    throw new Error("marker");
  };
  for (const passwordBlocklist of [() => { throw new Error("marker"); }, async () => false, () => undefined, rejecting]) {
    const { auth, events } = make({ passwordBlocklist });
    assert.deepEqual(await auth.signUp(ADA), blocked);
    assert.equal(events[0].fault, "blocklist_failed");
  }
  // A rejection that nobody handles would end the process by now.
  await turns();
});

test("a failure is an object of its own: what a host does to it reaches nobody else", async () => {
  const { auth } = make({ database: { dialect: "sqlite", batch: () => undefined } });
  const first = await auth.signIn(ADA);
  first.error.message = "changed";
  assert.equal((await auth.signIn(ADA)).error.message, "Internal server error");
  assert.doesNotMatch(await (await auth.handler({})).text(), /changed/);
});

test("a driver may use up what a transaction begins with", async () => {
  const begun = [];
  const inner = sqlite(":memory:");
  const batch = (statements, { begin, ...transaction }) => {
    begun.push(begin.length);
    const given = inner.batch(statements, { begin: [...begin], ...transaction });
    begin.length = 0;
    return given;
  };
  const { auth } = make({ database: { ...inner, batch } });
  await auth.signUp(ADA);
  await auth.signIn(ADA);
  assert.ok(begun.length > 2 && begun.every((length) => length > 0), String(begun));
});

test("what is given back twice is given back once", async () => {
  let closed = 0;
  const { auth } = make({ database: { ...sqlite(":memory:"), close: async () => void (closed += 1) } });
  await Promise.all([auth.close(), auth.close()]);
  await auth.close();
  assert.equal(closed, 1);
});

test("what is no request, no path and no URL is told by name and disturbs nobody", async () => {
  const { auth, events } = make({ hashWorkers: 1 });
  await auth.signUp(ADA);
  events.length = 0;
  const inProgress = auth.signIn(ADA);
  for (const path of [undefined, null, 5, {}, Symbol("path")]) assert.throws(() => auth.covers(path), /path must be a text/);
  const { IncomingMessage } = await import("node:http");
  const nodes = Object.assign(new IncomingMessage(null), { method: "POST", url: "/auth/sign-in/email" });
  for (const request of [undefined, null, {}, nodes, { method: "GET", url: "/auth/session", headers: {} }]) {
    const response = await auth.handler(request);
    assert.equal(response.status, 500);
    const { fault, subject, remedy } = events.pop();
    assert.deepEqual([fault, subject], ["not_set_up", "request"]);
    assert.match(remedy, /auth101-wasm\/node/);
  }
  const failing = { get ipAddress() { throw new Error("marker"); } };
  assert.equal((await auth.handler(new Request("http://host/auth/session"), failing)).status, 500);
  assert.equal((await inProgress).user.email, ADA.email);
  await auth.close();
});

test("without randomness nothing is made (R37)", async (t) => {
  const { auth, events } = make();
  t.mock.method(crypto, "getRandomValues", () => {
    throw new Error("no entropy");
  });
  assert.equal((await auth.signUp(ADA)).error.code, "UNAVAILABLE");
  assert.equal(events[0].fault, "no_randomness");
});

test("paths and URLs are told apart by the base path", () => {
  const { auth } = make({ basePath: "/api/auth" });
  for (const covered of ["/api/auth/session", "/api/auth/x?y", "http://host/api/auth/session", new URL("http://h/api/auth/")]) {
    assert.equal(auth.covers(covered), true, String(covered));
  }
  for (const other of [
    "/api/authx",
    "/",
    "",
    "http://host",
    "/x?/api/auth/session",
    "http://api/auth/session",
    "http://host?x=/api/auth/session",
    "http://host#/api/auth/session",
  ]) {
    assert.equal(auth.covers(other), false, other);
  }
});

/** Lets everything run that waits for nothing. */
async function turns() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
