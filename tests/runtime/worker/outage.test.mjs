import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CHEAP_HASH, createTables, json, startWorker, until } from "./harness.mjs";

// A database that fails in the manner that the request names; otherwise the real one.
const entry = `
import worker from "./index.js";

const statement = { bind: () => statement };
const failures = {
  rejects: (says) => ({ prepare: () => statement, batch: async () => { throw new Error(says); } }),
  throws: (says) => ({ prepare: () => statement, batch: () => { throw new Error(says); } }),
  prepare: (says) => ({ prepare: () => { throw new Error(says); }, batch: async () => [] }),
  text: (says) => ({ prepare: () => statement, batch: async () => { throw says; } }),
  junk: () => ({ prepare: () => statement, batch: async () => "junk" }),
  nothing: () => ({ prepare: () => statement, batch: async () => [] }),
  lost: (says, db) => ({
    prepare: (sql) => db.prepare(sql),
    batch: async (statements) => { await db.batch(statements); throw new Error(says); },
  }),
};

export default {
  fetch(request, env, context) {
    const [how, says] = (request.headers.get("x-failure") ?? "").split("|");
    const DB = how ? failures[how](says, env.DB) : env.DB;
    return worker.fetch(request, { ...env, DB }, context);
  },
};`;

let worker;
before(async () => (worker = await startWorker({ vars: CHEAP_HASH, entry })));
after(() => worker.dispose());

const credentials = (name) => ({ email: `${name}@example.com`, password: "password" });
const signUp = (name, failure) =>
  worker.fetch("/auth/sign-up/email", json(credentials(name), failure && { "x-failure": failure }));
const signIn = (name, failure) =>
  worker.fetch("/auth/sign-in/email", json(credentials(name), failure && { "x-failure": failure }));

async function is(response, status, code) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(JSON.parse(text).error.code, code);
  assert.ok(!text.includes("marker"));
}

async function logged(fault) {
  await until(() => worker.logs.some(({ level, message }) => level === "error" && message.includes(`"${fault}"`)));
  assert.ok(worker.logs.every(({ message }) => !message.includes("marker")));
  worker.logs.length = 0;
}

test("a database that is away is 503, whatever it says and however it fails", async () => {
  const words = [
    "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
    "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1_ERROR: D1 DB reset because its code was updated.",
    "D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.",
    "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
    "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
    "D1_ERROR: Network connection lost.",
    "Network connection lost.",
    "internal error; reference = marker",
    "",
  ];
  for (const says of words) {
    for (const how of ["rejects", "throws", "prepare", "text"]) {
      await is(await signUp("away", `${how}|${says}`), 503, "UNAVAILABLE");
      await is(await signIn("away", `${how}|${says}`), 503, "UNAVAILABLE");
    }
  }
  await logged("database_unavailable");
  assert.equal((await signUp("away")).status, 201, "when it is back, nothing of it remains");
});

test("a lock that stays is 503 too", async () => {
  await is(await signUp("locked", "rejects|D1_ERROR: database is locked: SQLITE_BUSY"), 503, "UNAVAILABLE");
  await logged("database_unavailable");
});

test("a statement that is refused is a defect, and what the database says goes nowhere", async () => {
  const says = "D1_ERROR: NOT NULL constraint failed: users.marker: SQLITE_CONSTRAINT";
  await is(await signUp("refused", `rejects|${says}`), 500, "INTERNAL_ERROR");
  await logged("statement_refused");
});

test("what an operator must fix is no outage: the log names it and the remedy", async () => {
  const causes = [
    ["D1_ERROR: Exceeded maximum DB size: marker", /remove data/],
    ["D1_ERROR: Writes are blocked: marker", /takes writes/],
    ["D1_ERROR: file is not a database: SQLITE_NOTADB marker", /migrations/],
  ];
  for (const [says, remedy] of causes) {
    await is(await signUp("operator", `rejects|${says}`), 500, "INTERNAL_ERROR");
    const { message } = await until(() => worker.logs.find(({ message }) => message.includes('"not_set_up"')));
    assert.match(JSON.parse(message).remedy, remedy);
    assert.ok(!message.includes("marker"));
    worker.logs.length = 0;
  }
});

test("a text that is not UTF-8 costs its user a character and nobody else anything", async () => {
  assert.equal((await signUp("bytes")).status, 201);
  await worker.db.exec("UPDATE users SET name = CAST(x'416461ff' AS TEXT) WHERE email = 'bytes@example.com'");
  const [odd, other] = await Promise.all([signIn("bytes"), signUp("neighbour")]);
  assert.equal(other.status, 201);
  assert.equal(odd.status, 200);
  assert.match((await odd.json()).user.name, /^Ada/);
});

test("an answer that is none is a defect", async () => {
  await is(await signUp("junk", "junk|"), 500, "INTERNAL_ERROR");
  await is(await signUp("junk", "nothing|"), 500, "INTERNAL_ERROR");
  worker.logs.length = 0;
});

test("a sign-up whose answer is lost on the way is never a false success, and the user can sign in", async () => {
  await is(await signUp("lost", "lost|Network connection lost."), 503, "UNAVAILABLE");
  await is(await signUp("lost"), 400, "USER_EXISTS");
  assert.equal((await signIn("lost")).status, 200);
  worker.logs.length = 0;
});

test("a table that goes away while the Worker runs is named, and serves again when it is back", async () => {
  assert.equal((await signUp("dropped")).status, 201);
  await worker.db.exec("DROP TABLE session");
  await is(await signIn("dropped"), 500, "INTERNAL_ERROR");
  const line = await until(() => worker.logs.find(({ message }) => message.includes("not_set_up")));
  assert.equal(JSON.parse(line.message).subject, "session");
  await createTables(worker.db);
  assert.equal((await signIn("dropped")).status, 200);
});
