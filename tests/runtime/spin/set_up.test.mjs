// What is missing or wrong is named in the log, with the way to fix it; outside it is a 500, and nothing secret is told.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { CHEAP_HASH, json, postgresDatabase, ROOT, SECRET, startSpin, until } from "./harness.mjs";

const signUp = (application) =>
  application.fetch("/auth/sign-up/email", json({ email: "set@example.com", password: "password" }));

/** Starts an application that cannot serve, asks it twice, and returns what it logged. */
async function fault(options) {
  const application = await startSpin(options);
  try {
    for (let request = 0; request < 2; request++) {
      application.log = "";
      const response = await signUp(application);
      assert.equal(response.status, 500);
      assert.equal(response.headers.get("content-type"), "application/json");
      assert.equal(response.headers.get("cache-control"), "no-store");
      const error = { message: "Internal server error", code: "INTERNAL_ERROR" };
      assert.deepEqual(await response.json(), { error });
      await until(() => application.log !== "");
    }
    assert.ok(!application.log.includes(SECRET));
    return application.log;
  } finally {
    await application.dispose();
  }
}

/** What the host says that does not start. */
async function refusal(options) {
  const error = await startSpin(options).then(
    (application) => application.dispose().then(() => new Error("it starts")),
    (error) => error,
  );
  assert.ok("log" in error, error.message);
  return error.log;
}

test("without the secret nothing starts, and the variable is named", async () => {
  assert.match(await refusal({ secret: null }), /auth_secret/);
});

test("an empty secret and a short one are named and not repeated", async () => {
  assert.match(await fault({ secret: "" }), /auth_secret/);
  const secret = "marker-of-a-short-secret-123456";
  const log = await fault({ secret });
  assert.match(log, /auth_secret/);
  assert.match(log, /31 bytes/);
  assert.ok(!log.includes(secret));
});

test("a database that the manifest does not grant is named, with the line that grants it", async () => {
  const log = await fault({ edit: (manifest) => manifest.replace('sqlite_databases = ["default"]', "") });
  assert.match(log, /default/);
  assert.match(log, /sqlite_databases/);
});

test("another label that the manifest does not grant is named, with the line that grants it", async () => {
  const log = await fault({ options: { database: "sqlite:other" } });
  assert.match(log, /sqlite_databases = \[\\?"other\\?"\]/);
});

test("a PostgreSQL server that the manifest does not grant is said to be so, and its address is not told", async () => {
  const edit = (manifest) => manifest.replace(/^allowed_outbound_hosts = .*$/m, "");
  const log = await fault({ edit, options: { database: "postgres://user:marker@127.0.0.1:5/test" } });
  assert.match(log, /allowed_outbound_hosts/);
  assert.ok(!log.includes("marker"));
});

test("a wrong value is named and not repeated", async () => {
  const log = await fault({ options: { access_token_expires_in: "marker" } });
  assert.match(log, /auth_access_token_expires_in/);
  assert.ok(!log.includes("marker"));
});

test("a missing table of an entity with a name of its own is named", async () => {
  const log = await fault({ options: { ...CHEAP_HASH, session: { model_name: "logins" } } });
  assert.match(log, /logins/);
});

test("what neither the manifest nor the runtime configuration declares is refused at the start, and named", async () => {
  const accounts = (manifest) => manifest.replace('["default"]', '["default", "accounts"]');
  assert.match(await refusal({ edit: accounts }), /accounts/);
  const unknown = (manifest) => manifest.replace("{{ auth_secret }}", "{{ auth_secert }}");
  assert.match(await refusal({ edit: unknown }), /auth_secert/);
  assert.match(await refusal({ flags: ["--sqlite", "@migrations/missing.sql"] }), /missing\.sql/);
  assert.match(await refusal({ flags: ["--sqlite", "SELEC 1"] }), /SELEC 1/);
});

test("a variable is given on the command line too, its text or a file that holds it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "auth101-spin-"));
  const file = join(folder, "secret");
  await writeFile(file, SECRET);
  const flags = ["--variable", `auth_secret=@${file}`, "--variable", "auth_base_path=/elsewhere"];
  const application = await startSpin({ secret: null, options: CHEAP_HASH, flags });
  try {
    assert.equal((await application.fetch("/elsewhere/session")).status, 401);
  } finally {
    await application.dispose();
    await rm(folder, { recursive: true });
  }
});

test("a migration that the command line names is run before the first request", async () => {
  const migration = fileURLToPath(new URL("migrations/0001_auth101.sql", ROOT));
  const flags = ["--sqlite", `@${migration}`, "--sqlite", "CREATE TABLE marker (id INTEGER)"];
  const application = await startSpin({ options: CHEAP_HASH, flags });
  try {
    for (const table of ["users", "account", "session", "verification", "marker"]) {
      assert.equal(await application.count(table), 0);
    }
    assert.equal((await signUp(application)).status, 201);
    assert.equal(await application.count("users"), 1);
  } finally {
    await application.dispose();
  }
});

test("a label that the runtime configuration gives a file is served from there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "auth101-spin-"));
  const configuration = join(folder, "runtime.toml");
  const path = JSON.stringify(join(folder, "accounts.db"));
  await writeFile(configuration, `[sqlite_database.accounts]\ntype = "spin"\npath = ${path}\n`);
  const migration = fileURLToPath(new URL("migrations/0001_auth101.sql", ROOT));
  const flags = ["--runtime-config-file", configuration, "--sqlite", `@${migration}:accounts`];
  const edit = (manifest) => manifest.replace('["default"]', '["accounts"]');
  const options = { ...CHEAP_HASH, database: "sqlite:accounts" };
  const application = await startSpin({ options, edit, flags });
  try {
    assert.equal((await signUp(application)).status, 201);
  } finally {
    await application.dispose();
  }
  const file = new DatabaseSync(join(folder, "accounts.db"), { readOnly: true });
  assert.equal(file.prepare("SELECT count(*) AS n FROM users").get().n, 1);
  file.close();
  await rm(folder, { recursive: true });
});

/** The URL of a running server's database, one part of it replaced. */
async function changed(change) {
  const url = new URL(await postgresDatabase());
  change(url);
  return String(url);
}

for (const [what, address] of [
  ["whose port is no number", () => "postgres://user:marker@127.0.0.1:notaport/test"],
  ["without a host", () => "postgres:///marker"],
  ["that names a socket", () => "postgres://user:marker@%2Fvar%2Frun/test"],
  ["with an option that there is not", () => changed((url) => url.searchParams.set("ssl", "marker"))],
]) {
  test(`a PostgreSQL address ${what} is said to be no address, and is not told`, async () => {
    const log = await fault({ options: { ...CHEAP_HASH, database: await address() } });
    assert.match(log, /auth_database/);
    assert.match(log, /is not the address of a PostgreSQL server/);
    assert.ok(!log.includes("marker"), log);
  });
}

for (const [what, change, problem] of [
  ["a database that the server does not have", (url) => (url.pathname = "/marker"), /is a database that the server does not have/],
  ["a user that the server does not know", (url) => (url.username = "marker"), /is refused by the server/],
]) {
  test(`${what} is named as the mistake, and not by its name`, async () => {
    const log = await fault({ options: { ...CHEAP_HASH, database: await changed(change) } });
    assert.match(log, /auth_database/);
    assert.match(log, problem);
    assert.ok(!log.includes("marker"), log);
  });
}
