// Tables on PostgreSQL as people have them: in several schemas, beside another application's, and with flags of other types.

import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { CHEAP_HASH, json, postgresDatabase, startSpin } from "./harness.mjs";

const ADA = { email: "ada@example.com", password: "password" };

/** A new database with these statements, and a connection to it. */
async function database(t, ...statements) {
  const url = await postgresDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.after(() => client.end());
  for (const statement of statements) await client.query(statement);
  const tablesOf = async (schema) => {
    const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1", [schema]);
    return rows.map(({ tablename }) => tablename);
  };
  const leadThrough = (path) => client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = ${path}`);
  return { url, client, tablesOf, leadThrough };
}

/** Serves a database while `use` runs, which gets the status of a request. */
async function serving(url, options, use) {
  const application = await startSpin({ options: { ...CHEAP_HASH, database: url, ...options } });
  try {
    await use(async (path) => (await application.fetch(`/auth/${path}`, json(ADA))).status);
  } finally {
    await application.dispose();
  }
}

test("only what the statements do not find is made, and nothing in front of the rest", async (t) => {
  const { url, client, tablesOf, leadThrough } = await database(t, "CREATE SCHEMA app");
  await serving(url, {}, async (status) => assert.equal(await status("sign-up/email"), 201));
  await client.query("DROP TABLE session");
  await leadThrough("app, public");
  await serving(url, {}, async (status) => assert.equal(await status("sign-in/email"), 200));
  assert.deepEqual(await tablesOf("app"), ["session"]);
});

test("the users of another application further down the search path are left alone", async (t) => {
  const { url, client, tablesOf, leadThrough } = await database(
    t,
    "CREATE TABLE users (id BIGINT PRIMARY KEY, email TEXT)",
    "CREATE SCHEMA app",
  );
  await leadThrough("app, public");
  await serving(url, {}, async (status) => {
    assert.equal(await status("sign-up/email"), 201);
    assert.equal(await status("sign-in/email"), 200);
  });
  assert.deepEqual(await tablesOf("app"), ["account", "session", "users", "verification"]);
  assert.deepEqual((await client.query("SELECT * FROM public.users")).rows, []);
});

test("flags of the host's own types are written and read", async (t) => {
  const { url, client } = await database(
    t,
    `CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, email TEXT NOT NULL UNIQUE, email_verified TIMESTAMPTZ, image TEXT,
     is_active TEXT NOT NULL, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ)`,
  );
  await serving(url, { user_field_mapping: { table_name: "people" } }, async (status) => {
    assert.equal(await status("sign-up/email"), 201);
    const { rows } = await client.query("SELECT email_verified, is_active FROM people");
    assert.deepEqual(rows, [{ email_verified: null, is_active: "1" }]);
    for (const [value, expected] of [["yes", 200], ["off", 401], ["perhaps", 401], ["T", 200]]) {
      await client.query("UPDATE people SET is_active = $1, email_verified = now()", [value]);
      assert.equal(await status("sign-in/email"), expected, value);
    }
  });
});
