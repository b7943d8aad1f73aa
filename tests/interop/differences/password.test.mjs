// Where passwords, hashes and the configuration are treated otherwise than by the Python package on purpose: each test
// shows what Python does and what is done here.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startSpin } from "../../runtime/spin/harness.mjs";
import { json, startWorker, until } from "../../runtime/worker/harness.mjs";
import { refused, somebody, succeeded } from "../client.mjs";
import { SECRET, startPair } from "../pair.mjs";
import { startPython } from "../python.mjs";
import { npmOnSqlite } from "../sides/npm.mjs";
import { spinOnSqlite } from "../sides/spin.mjs";
import { worker } from "../sides/worker.mjs";

let python;
let ours;
let stop;
before(async () => ({ python, ours, stop } = await startPair(worker, "Flask")));
after(() => stop?.());

/** Somebody whose stored hash is this one. */
async function withHash(hash) {
  const { email, password } = somebody();
  const { user } = succeeded(await python.signUp(email, password));
  const select = "SELECT {account.password} AS password FROM {account} WHERE {account.user_id} = ?";
  const read = async () => (await python.sql(select, [user.id]))[0].password;
  const text = await hash(password);
  if (text) await python.sql("UPDATE {account} SET {account.password} = ? WHERE {account.user_id} = ?", [text, user.id]);
  return { email, password, read };
}

test("a bcrypt hash and a weaker one are replaced at sign-in", async () => {
  const weak = { memory_cost: 64, rounds: 1, parallelism: 1 };
  for (const hash of [(password) => python.bcrypt(password), (password) => python.argon2(password, weak)]) {
    const { email, password, read } = await withHash(hash);
    const stored = await read();
    succeeded(await python.signIn(email, password));
    assert.equal(await read(), stored);
    succeeded(await ours.signIn(email, password));
    assert.match(await read(), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    succeeded(await python.signIn(email, password));
  }
});

test("a stronger hash is replaced only where the configuration says so", async () => {
  const { email, password, read } = await withHash(() => undefined);
  const stored = await read();
  assert.match(stored, /m=65536,t=3,p=4/);
  succeeded(await ours.signIn(email, password));
  assert.equal(await read(), stored);

  const matching = await startPair(worker, "Flask", { options: { rehash: "match" } });
  try {
    const person = somebody();
    succeeded(await matching.python.signUp(person.email, person.password));
    succeeded(await matching.ours.signIn(person.email, person.password));
    const [row] = await matching.python.sql("SELECT {account.password} AS password FROM {account}");
    assert.match(row.password, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    succeeded(await matching.python.signIn(person.email, person.password));
  } finally {
    await matching.stop();
  }
});

test("the cost of a stored hash is bounded", async () => {
  // Each is beyond one bound, which is 65536 KiB, 10 passes, 16 lanes, and a cost of 14 for bcrypt.
  const beyond = {
    memory: (word) => python.argon2(word, { memory_cost: 65_544, rounds: 1, parallelism: 1 }),
    passes: (word) => python.argon2(word, { memory_cost: 64, rounds: 11, parallelism: 1 }),
    lanes: (word) => python.argon2(word, { memory_cost: 256, rounds: 1, parallelism: 17 }),
    bcrypt: (word) => python.bcrypt(word, { rounds: 15 }),
  };
  for (const [what, hash] of Object.entries(beyond)) {
    const { email, password, read } = await withHash(hash);
    const stored = await read();
    succeeded(await python.signIn(email, password));
    refused(await ours.signIn(email, password), "401 INVALID_CREDENTIALS");
    assert.equal(await read(), stored, what);
  }
  // And what is at the bounds verifies.
  const within = {
    passesAndLanes: (word) => python.argon2(word, { memory_cost: 128, rounds: 10, parallelism: 16 }),
    bcrypt: (word) => python.bcrypt(word, { rounds: 14 }),
  };
  for (const hash of Object.values(within)) {
    const { email, password } = await withHash(hash);
    succeeded(await ours.signIn(email, password));
  }
});

test("a password has at least six characters at sign-up", async () => {
  succeeded(await python.signUp("short@example.com", "x"));
  const answer = await ours.signUp("shorter@example.com", "five5");
  refused(answer, "400 VALIDATION_ERROR");
  assert.equal(answer.body.error.message, "Password must be at least 6 characters");
  // Nobody who has one already is locked out.
  succeeded(await ours.signIn("short@example.com", "x"));
});

test("a secret under 32 bytes is refused unless it is allowed", async () => {
  const secret = "short";
  for (const side of [worker, spinOnSqlite, npmOnSqlite]) {
    const allowed = await startPair(side, "Flask", { secret, options: { allow_short_secret: true } });
    try {
      const { email, password } = somebody();
      const { user, access_token } = succeeded(await allowed.python.signUp(email, password));
      assert.deepEqual(succeeded(await allowed.ours.session(access_token)), { user });
    } finally {
      await allowed.stop();
    }
  }
  await isRefused({ secret }, "AUTH_SECRET");

  const component = await startSpin({ secret });
  try {
    const answer = await component.fetch("/auth/sign-up/email", json(somebody()));
    assert.equal(answer.status, 500);
    assert.equal((await answer.json()).error.code, "INTERNAL_ERROR");
    const line = await until(() => /^.*"subject":"auth_secret".*$/m.exec(component.log)?.[0]);
    assert.match(line, /at least 32 are needed/);
  } finally {
    await component.dispose();
  }
});

test("a mistake in the configuration is told before anything is written", async () => {
  const options = { refresh_token_expires_in: "a week" };
  const file = await worker.start({ secret: SECRET, options: {} });
  const mistaken = await startPython("Flask", { database: file.database, secret: SECRET, options });
  try {
    const { email, password } = somebody();
    assert.equal((await mistaken.signUp(email, password)).status, 500);
    refused(await mistaken.signUp(email, password), "400 USER_EXISTS");
  } finally {
    await mistaken.stop();
    await file.stop();
  }
  await isRefused({ vars: { AUTH_REFRESH_TOKEN_EXPIRES_IN: "a week" } }, "AUTH_REFRESH_TOKEN_EXPIRES_IN");
});

/** A Worker of that configuration serves nobody, writes nothing and names the mistake in its log. */
async function isRefused(configuration, subject) {
  const refusing = await startWorker(configuration);
  try {
    const answer = await refusing.fetch("/auth/sign-up/email", json(somebody()));
    assert.equal(answer.status, 500);
    assert.equal((await answer.json()).error.code, "INTERNAL_ERROR");
    const [{ message }] = await until(() => refusing.logs.length > 0 && refusing.logs);
    assert.equal(JSON.parse(message).subject, subject);
    assert.equal(await refusing.db.prepare("SELECT COUNT(*) AS n FROM users").first("n"), 0);
  } finally {
    await refusing.dispose();
  }
}
