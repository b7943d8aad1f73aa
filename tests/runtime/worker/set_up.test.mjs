// What a Worker lacks; what its options say wrong is in mistakes.test.mjs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CHEAP_HASH, json, SECRET, startWorker, until } from "./harness.mjs";

const signUp = (worker) =>
  worker.fetch("/auth/sign-up/email", json({ email: "set@example.com", password: "password" }));

/** Starts a Worker that cannot serve, asks it twice, and returns what it logged the first time. */
async function fault(options) {
  const worker = await startWorker(options);
  try {
    for (let request = 0; request < 2; request++) {
      worker.logs.length = 0;
      const response = await signUp(worker);
      assert.equal(response.status, 500);
      assert.equal(response.headers.get("content-type"), "application/json");
      assert.equal(response.headers.get("cache-control"), "no-store");
      const error = { message: "Internal server error", code: "INTERNAL_ERROR" };
      assert.deepEqual(await response.json(), { error });
      await until(() => worker.logs.length > 0);
    }
    assert.equal(worker.logs.length, 1);
    const [{ level, message }] = worker.logs;
    assert.equal(level, "error");
    assert.ok(!message.includes(SECRET));
    return JSON.parse(message);
  } finally {
    await worker.dispose();
  }
}

test("a missing table is named, with the command that makes it", async () => {
  const { subject, remedy } = await fault({ migrate: false });
  assert.equal(subject, "users");
  assert.match(remedy, /npx wrangler d1 migrations apply DB --local/);
  assert.match(remedy, /npx wrangler d1 migrations apply DB --remote/);
});

test("a missing database is named, with the lines that bind one", async () => {
  const { subject, remedy } = await fault({ database: false });
  assert.equal(subject, "DB");
  assert.match(remedy, /\[\[d1_databases\]\] with binding = "DB"/);
});

test("something else under the name of the database is no database", async () => {
  const { subject } = await fault({ database: false, vars: { DB: "auth101" } });
  assert.equal(subject, "DB");
});

test("a short secret is refused unless it is allowed", async () => {
  const secret = "x".repeat(31);
  const { subject, problem, remedy } = await fault({ secret });
  assert.equal(subject, "AUTH_SECRET");
  assert.match(problem, /31 bytes, at least 32 .* AUTH_ALLOW_SHORT_SECRET/);
  assert.match(remedy, /npx wrangler secret put AUTH_SECRET/);

  const worker = await startWorker({ secret, vars: { ...CHEAP_HASH, AUTH_ALLOW_SHORT_SECRET: "true" } });
  try {
    assert.equal((await signUp(worker)).status, 201);
    await until(() => worker.logs.some(({ level, message }) => level === "warn" && message.includes("AUTH_SECRET")));
  } finally {
    await worker.dispose();
  }
});

test("variables may be texts, numbers, booleans and arrays", async () => {
  const vars = {
    ...CHEAP_HASH,
    AUTH_ACCESS_TOKEN_EXPIRES_IN: "2.5",
    AUTH_PASSWORD_MIN_LENGTH: 9,
    AUTH_BASE_PATH: "/api/auth",
    AUTH_CORS_ORIGINS: ["https://app.example.com"],
    AUTH_PREVIOUS_SECRETS: '["an-older-secret-of-the-tests-with-32-bytes"]',
    OTHER: "not ours",
  };
  const worker = await startWorker({ vars });
  try {
    const post = (password) =>
      worker.fetch(
        "/api/auth/sign-up/email",
        json({ email: "set@example.com", password }, { origin: "https://app.example.com" }),
      );
    const short = await (await post("12345678")).json();
    assert.equal(short.error.message, "Password must be at least 9 characters");
    const response = await post("123456789");
    assert.equal(response.status, 201);
    assert.equal(response.headers.get("access-control-allow-origin"), "https://app.example.com");
    assert.equal((await response.json()).expires_in, 150);
    assert.equal((await worker.fetch("/auth/session")).status, 404);
  } finally {
    await worker.dispose();
  }
});

for (const [form, value] of Object.entries({ "a table of wrangler.toml": (entity) => entity, JSON: JSON.stringify })) {
  test(`tables of the host's own are used and never made, named by ${form}`, async () => {
    const vars = {
      ...CHEAP_HASH,
      AUTH_USER_FIELD_MAPPING: value({ table_name: "people", email: "mail" }),
      AUTH_SESSION: value({ model_name: "logins", fields: { user_id: "person" } }),
    };
    const worker = await startWorker({ vars });
    try {
      // Neither is the migration's to make: both are the host's.
      assert.equal((await signUp(worker)).status, 500);
      const [{ message }] = await until(() => worker.logs.length > 0 && worker.logs);
      const { subject, remedy } = JSON.parse(message);
      assert.ok(["people", "logins"].includes(subject), message);
      assert.match(remedy, /cargo xtask schema --config wrangler\.toml --dialect sqlite --all/);

      await worker.db.batch(
        [
          "ALTER TABLE users RENAME TO people",
          "ALTER TABLE people RENAME COLUMN email TO mail",
          "ALTER TABLE session RENAME TO logins",
          "ALTER TABLE logins RENAME COLUMN user_id TO person",
        ].map((statement) => worker.db.prepare(statement)),
      );
      const { user, access_token } = await (await signUp(worker)).json();
      assert.equal(user.email, "set@example.com");
      const session = await worker.fetch("/auth/session", { headers: { authorization: `Bearer ${access_token}` } });
      assert.deepEqual(await session.json(), { user });
      const rows = await worker.db.prepare("SELECT mail FROM people JOIN logins ON person = people.id").all();
      assert.deepEqual(rows.results, [{ mail: "set@example.com" }]);
    } finally {
      await worker.dispose();
    }
  });
}

test("the answer to a wrong configuration carries no CORS headers, for nobody knows which origins are allowed", async () => {
  const vars = { AUTH_CORS_ORIGINS: ["https://app.example.com"], AUTH_REHASH: "never" };
  const worker = await startWorker({ vars });
  try {
    const response = await worker.fetch("/auth/session", { headers: { origin: "https://app.example.com" } });
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("access-control-allow-origin"), null);
  } finally {
    await worker.dispose();
  }
});
