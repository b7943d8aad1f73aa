// The WebAssembly instance: one that traps fails its calls, and the next ones work (R31); its memory stays small.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

// The memory of the instance is nobody's outside of it: it is caught here when the instance is made.
const memories = [];
/** How many of the next instances cannot be made. */
let fails = 0;
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(module, imports) {
    if (fails > 0) {
      fails -= 1;
      throw new RangeError("no memory");
    }
    super(module, imports);
    memories.push(this.exports.memory);
  }
};
const { Auth101, schema } = await import("../../../js/dist/esm/entry/server.js");
const { sqlite } = await import("../../../js/dist/esm/driver/sqlite.js");
const { routes } = await import("../../../js/dist/esm/integration/node.js");

const ADA = { email: "ada@example.com", password: "correct horse" };
const LOST = { error: { message: "Internal server error", code: "INTERNAL_ERROR" } };

/** Breaks the instance of now: whatever it does next traps. */
function breakInstance() {
  new Uint8Array(memories.at(-1).buffer).fill(0xff);
}

test("a trap fails its own call and those in progress, and the next ten work", async () => {
  const events = [];
  const inner = sqlite(":memory:");
  let release;
  let stalls = false;
  const stalled = new Promise((resolve) => (release = resolve));
  const database = { ...inner, batch: (...given) => (stalls ? stalled.then(() => inner.batch(...given)) : inner.batch(...given)) };
  const auth = new Auth101({
    secret: "a-secret-of-the-tests-with-more-than-32-bytes",
    database,
    hashWorkers: 0,
    onEvent: (event) => event.event === "fault" && events.push(event),
  });
  const { access_token } = await auth.signUp(ADA);

  stalls = true;
  const inProgress = auth.getSession(access_token);
  const request = auth.handler(new Request("http://host/auth/session", { headers: { authorization: `Bearer ${access_token}` } }));
  await new Promise((resolve) => setImmediate(resolve));
  stalls = false;
  breakInstance();
  assert.deepEqual(await auth.signIn(ADA), LOST);
  release();
  assert.deepEqual(await inProgress, LOST);
  const response = await request;
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.deepEqual(await response.json(), LOST);
  assert.deepEqual(events.map(({ fault }) => fault), ["instance_lost"]);

  for (let round = 0; round < 10; round += 1) {
    assert.equal((await auth.getSession(access_token)).user.email, ADA.email);
  }
  assert.equal((await auth.signIn(ADA)).error, undefined);
  assert.equal(auth.covers("/auth/session"), true);
  assert.equal(auth.schema().length > 4, true);
  assert.equal(memories.length, 2, "one instance took the place of the other");
});

test("a trap in the middle of another service's work is one service's trap", async () => {
  const options = { secret: "a-secret-of-the-tests-with-more-than-32-bytes", hashWorkers: 0, onEvent: () => {} };
  const [one, other] = [":memory:", ":memory:"].map((path) => new Auth101({ ...options, database: sqlite(path) }));
  await Promise.all([one.signUp(ADA), other.signUp(ADA)]);
  breakInstance();
  assert.deepEqual(await one.signIn(ADA), LOST);
  assert.equal((await other.signIn(ADA)).error, undefined);
  assert.equal((await one.signIn(ADA)).error, undefined);
});

test("a trap in a question that is answered at once is one trap, too", async () => {
  const faults = [];
  const options = {
    secret: "a-secret-of-the-tests-with-more-than-32-bytes",
    database: sqlite(":memory:"),
    hashWorkers: 0,
    onEvent: (event) => event.event === "fault" && faults.push(event.fault),
  };
  const auth = new Auth101(options);
  await auth.signUp(ADA);
  const questions = [
    () => auth.covers("/auth/session"),
    () => auth.schema(),
    () => schema({ dialect: "postgres" }),
    () => new Auth101({ ...options, database: sqlite(":memory:") }),
  ];
  for (const question of questions) {
    breakInstance();
    assert.throws(question, /instance failed with \w+; the next call has a new one/);
    question();
  }
  breakInstance();
  const response = await auth.handler(new Request("http://host/auth/sign-in/email", { method: "POST", body: "{}" }));
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), LOST);
  assert.equal((await auth.signIn(ADA)).error, undefined);
  assert.deepEqual(faults, Array(3).fill("instance_lost"));
});

test("a trap further in ends the call around it, and the new instance is not confused by that one's end", async () => {
  let nested;
  const auth = new Auth101({
    secret: "a-secret-of-the-tests-with-more-than-32-bytes",
    database: sqlite(":memory:"),
    hashWorkers: 0,
    onEvent: () => {},
    passwordBlocklist: () => {
      breakInstance();
      try {
        auth.schema();
      } catch {}
      nested = auth.getSession("nothing");
      return false;
    },
  });
  assert.deepEqual(await auth.signUp(ADA), LOST);
  assert.deepEqual(await nested, LOST);
  const other = new Auth101({ secret: "a".repeat(32), database: sqlite(":memory:"), hashWorkers: 0 });
  for (let round = 0; round < 10; round += 1) {
    assert.equal((await other.signUp({ ...ADA, email: `ada-${round}@example.com` })).error, undefined);
  }
});

test("texts beyond all limits are refused like those just beyond, and cost no more", async () => {
  const auth = new Auth101({ secret: "a".repeat(32), database: sqlite(":memory:"), hashWorkers: 0, onEvent: () => {} });
  await auth.signUp(ADA);
  const endless = "🦀".repeat(20_000_000);
  const invalid = { error: { message: "Invalid email or password", code: "INVALID_CREDENTIALS" } };
  assert.deepEqual(await auth.signIn({ email: endless, password: endless }), invalid);
  assert.deepEqual(await auth.signIn({ email: ADA.email, password: endless }), invalid);
  assert.equal((await auth.signUp({ email: endless, password: ADA.password })).error.code, "VALIDATION_ERROR");
  const padded = `${ADA.email}${" ".repeat(70_000)}someone-else`;
  assert.deepEqual(await auth.signIn({ email: padded, password: ADA.password }), invalid);
  assert.equal((await auth.signUp({ email: `new@example.com${" ".repeat(70_000)}x`, password: ADA.password })).error.code, "VALIDATION_ERROR");
  assert.equal((await auth.refresh(endless)).error.code, "INVALID_TOKEN");
  assert.equal((await auth.getSession(`x${endless}`)).error.code, "UNAUTHORIZED");
  assert.ok(memories.at(-1).buffer.byteLength < 50 * 1_048_576, "they did not get into the instance");
});

test("where no new instance can be made, the next call tries again", async (t) => {
  const faults = [];
  const auth = new Auth101({
    secret: "a".repeat(32),
    database: sqlite(":memory:"),
    hashWorkers: 0,
    onEvent: (event) => event.event === "fault" && faults.push(event.fault),
  });
  await auth.signUp(ADA);
  breakInstance();
  assert.deepEqual(await auth.signIn(ADA), LOST);
  fails = 3;
  assert.throws(() => auth.covers("/auth"), { name: "RangeError" });
  assert.deepEqual(await auth.signIn(ADA), LOST);
  assert.equal((await auth.authorize("Bearer x")).refusal.status, 500);
  // The routes on a server of Node ask twice: whether the request is theirs, and what to answer.
  fails = 2;
  const server = createServer(routes(auth)).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const response = await fetch(`http://127.0.0.1:${server.address().port}/auth/session`);
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), LOST);
  assert.equal((await auth.signIn(ADA)).error, undefined);
  assert.deepEqual(faults, ["instance_lost"]);
});

test("calls from the end of the stack cost an instance at most, and not the service", async () => {
  const auth = new Auth101({ secret: "a".repeat(32), database: sqlite(":memory:"), hashWorkers: 0, onEvent: () => {} });
  await auth.signUp(ADA);
  /** Calls at every depth near the end. */
  const descend = () => {
    try {
      descend();
    } catch {}
    auth.covers("/auth/session");
  };
  for (let round = 0; round < 20; round += 1) {
    try {
      descend();
    } catch {}
  }
  for (let round = 0; round < 3; round += 1) assert.equal((await auth.signIn(ADA)).error, undefined);
  breakInstance();
  assert.deepEqual(await auth.signIn(ADA), LOST);
  assert.equal((await auth.signIn(ADA)).error, undefined);
});

test("a listener that is told of a trap may call the service", async () => {
  let nested;
  const auth = new Auth101({
    secret: "a".repeat(32),
    database: sqlite(":memory:"),
    hashWorkers: 0,
    onEvent: ({ fault }) => fault === "instance_lost" && (nested = auth.signIn(ADA)),
  });
  await auth.signUp(ADA);
  breakInstance();
  assert.deepEqual(await auth.signIn(ADA), LOST);
  assert.equal((await nested).error, undefined);
});
