// examples/move_rows.py where nothing is as it should be, and where tables have more than auth101 knows.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import mysql from "mysql2/promise";
import postgres from "pg";
import { forPython, newDatabase, stopDatabases } from "./databases.mjs";
import { ROOT } from "./processes.mjs";
import { PYTHON } from "./python.mjs";

const SCRIPT = fileURLToPath(new URL("examples/move_rows.py", ROOT));
const SCHEMA = await readFile(new URL("migrations/0001_auth101.sql", ROOT), "utf8");

let directory;
before(async () => (directory = await mkdtemp(path.join(tmpdir(), "auth101-move-rows-"))));
after(async () => {
  await rm(directory, { recursive: true, force: true });
  await stopDatabases();
});

test("a table that is missing is named with its option, and nothing is written", async () => {
  const whole = sqlite("whole.db", SCHEMA, user("whole"));
  for (const table of ["users", "account", "session"]) {
    const lacking = sqlite(`without-${table}.db`, SCHEMA, user("lacking"), `DROP TABLE ${table}`);
    await refused([lacking.url], "FROM", table, "--tables");
    await refused([whole.url, lacking.url], "TO", table, "--into");
    await refused(["--replace", lacking.url, whole.url], "FROM", table, "--tables");
  }
  const empty = sqlite("other.db");
  await refused([whole.url, empty.url, "--into", "members", "credentials", "logins", "proofs"], "TO", "members", "--into");
  assert.deepEqual(whole.all("SELECT id FROM users"), [{ id: "whole" }]);

  const django = sqlite("of-another-framework.db", "CREATE TABLE auth101_user (id TEXT PRIMARY KEY)");
  await refused([django.url], "users", "--tables");
});

test("only the table of verifications may be missing, unless there are rows for it", async () => {
  const proof = "INSERT INTO verification VALUES ('p', 'who', 'what', '2030-01-01 00:00:00', NULL, NULL)";
  const without = "DROP TABLE verification";
  const from = sqlite("without.db", SCHEMA, user("u"), without);
  const to = sqlite("keeps.db", SCHEMA, user("v"), proof);
  assert.match((await run(from.url)).stdout, /^INSERT INTO "users" .+\n$/);
  await run("--replace", from.url, to.url);
  assert.deepEqual(to.all("SELECT id FROM users"), [{ id: "u" }]);
  assert.equal(to.all("SELECT id FROM verification").length, 1);

  const proven = sqlite("proven.db", SCHEMA, user("u"), proof);
  await refused([proven.url, sqlite("lacks.db", SCHEMA, without).url], "TO", "verification", "--into");
});

test("a file that is not there is refused and not made", async () => {
  const there = sqlite("there.db", SCHEMA, user("u"));
  const file = path.join(directory, "not-there.db");
  for (const words of [[`sqlite:///${file}`], [`sqlite:///${file}`, there.url], [there.url, `sqlite:///${file}`]]) {
    await refused(words, "there is no file", file);
    assert.ok(!existsSync(file));
  }
});

test("a source without users replaces nobody", async () => {
  const to = sqlite("full.db", SCHEMA, user("u"));
  await refused(["--replace", sqlite("empty.db", SCHEMA).url, to.url], "FROM", "users", "no rows");
  assert.deepEqual(to.all("SELECT id FROM users"), [{ id: "u" }]);
});

test("a column that the target lacks is named, and nothing is written", async () => {
  const from = sqlite("more.db", SCHEMA, "ALTER TABLE session ADD COLUMN place TEXT", user("u"));
  const to = sqlite("less.db", SCHEMA);
  await refused([from.url, to.url], "TO", "session", "place");
  assert.deepEqual(to.all("SELECT id FROM users"), []);
});

for (const product of ["postgres", "mariadb"]) {
  test(`what ${product} has beside auth101's columns outlives --replace`, async () => {
    const { url, sql, close } = await server(product);
    try {
      await tables(sql, "plan VARCHAR(20) NOT NULL DEFAULT 'free'");
      await sql(`CREATE TABLE notes (
        owner VARCHAR(36) NOT NULL, content TEXT, FOREIGN KEY (owner) REFERENCES users (id) ON DELETE CASCADE)`);
      for (const id of ["stays", "goes"]) {
        for (const statement of [user(id), session(id, id)]) await sql(statement);
        await sql(`UPDATE users SET plan = 'gold' WHERE id = '${id}'`);
        await sql(`INSERT INTO notes VALUES ('${id}', 'dear')`);
      }
      // The same after a while elsewhere. The new user has the address of the one who is gone.
      const from = sqlite(
        `${product}.db`,
        SCHEMA,
        user("stays"),
        "UPDATE users SET name = 'Renamed', is_active = 0",
        session("stays", "rotated"),
        user("new", "goes@example.com"),
        session("new", "new"),
      );
      const { stderr } = await run("--replace", from.url, url);
      assert.match(stderr, /^users: 1 rows new, 1 updated, 1 deleted$/m);
      assert.match(stderr, /^session: 1 rows new, 1 updated, 1 deleted$/m);

      assert.deepEqual(await sql("SELECT id, name, email, plan FROM users ORDER BY id"), [
        { id: "new", name: "", email: "goes@example.com", plan: "free" },
        { id: "stays", name: "Renamed", email: "stays@example.com", plan: "gold" },
      ]);
      assert.equal((await sql("SELECT id FROM users WHERE is_active")).length, 1);
      assert.deepEqual(await sql("SELECT owner, content FROM notes"), [{ owner: "stays", content: "dear" }]);
      assert.deepEqual(await sql("SELECT id, token FROM session ORDER BY id"), [
        { id: "new", token: "new" },
        { id: "stays", token: "rotated" },
      ]);

      // Once more it is the same.
      assert.match((await run("--replace", from.url, url)).stderr, /^users: 0 rows new, 2 updated, 0 deleted$/m);
      assert.equal((await sql("SELECT owner FROM notes")).length, 1);
    } finally {
      await close();
    }
  });
}

test("a --replace that fails half-way changes nothing", async () => {
  const from = sqlite("two.db", SCHEMA, user("a"), user("b"));
  // The updates come first, and then an insert that the database refuses.
  const no = "CREATE TRIGGER no BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'no'); END";
  const to = sqlite("conflict.db", SCHEMA, user("a"), user("c"), no);
  await assert.rejects(run("--replace", from.url, to.url));
  assert.deepEqual(to.all("SELECT id FROM users ORDER BY id"), [{ id: "a" }, { id: "c" }]);
});

const KINDS = {
  raw: ["BYTEA", "'\\x00ff27'", Uint8Array.of(0, 255, 39)],
  half: ["DOUBLE PRECISION", "0.1", 0.1],
  money: ["NUMERIC(30, 10)", "12345678901234567890.0123456789", "12345678901234567890.0123456789"],
  born: ["DATE", "'0800-02-29'", "0800-02-29"],
  rises: ["TIME", "'06:07:08.000009'", "06:07:08.000009"],
  tag: ["UUID", "'00000000-0000-4000-8000-00000000000A'", "00000000-0000-4000-8000-00000000000a"],
  settings: ["JSONB", `'{"it''s": [1, null, "ü\\n"]}'`, '{"it\'s": [1, null, "ü\\n"]}'],
  word: ["JSON", `'"a text"'`, '"a text"'],
  seen: ["TIMESTAMPTZ", "'2030-01-02 03:04:05.000006+09'", "2030-01-01 18:04:05.000006"],
  absent: ["BYTEA", "NULL", null],
};

test("columns of many kinds move to SQLite and back", async () => {
  const { url, sql, close } = await server("postgres");
  try {
    const own = Object.entries(KINDS).map(([column, [type]]) => `${column} ${type}`);
    await tables(sql, own.join(", "));
    await sql(user("u"));
    const values = Object.entries(KINDS).map(([column, [, value]]) => `${column} = ${value}`);
    await sql(`UPDATE users SET ${values.join(", ")}`);
    const rows = () => sql("SELECT users::text AS row FROM users");
    const written = await rows();

    // Text for what SQLite has no kind of.
    const types = { BYTEA: "BLOB", "DOUBLE PRECISION": "REAL" };
    const kinds = Object.entries(KINDS);
    const added = kinds.map(([column, [type]]) => `ALTER TABLE users ADD COLUMN ${column} ${types[type] ?? "TEXT"}`);
    const { stdout } = await run(url);
    const copy = sqlite("kinds.db", SCHEMA, ...added, stdout);
    const [row] = copy.all(`SELECT ${Object.keys(KINDS)} FROM users`);
    assert.deepEqual(row, Object.fromEntries(kinds.map(([column, [, , expected]]) => [column, expected])));

    // Into an empty table, and over what is there.
    await sql("DELETE FROM users");
    await run(copy.url, url);
    assert.deepEqual(await rows(), written);
    await sql("UPDATE users SET settings = NULL, tag = NULL, money = 0");
    await run("--replace", copy.url, url);
    assert.deepEqual(await rows(), written);
  } finally {
    await close();
  }
});

test("a value that has no form is named, and nothing is printed", async () => {
  const { url, sql, close } = await server("postgres");
  try {
    await tables(sql, "rest INTERVAL");
    await sql(user("a"));
    await sql(user("b"));
    await sql("UPDATE users SET rest = '1 day' WHERE id = 'b'");
    await refused([url], "users.rest");
    await sql("ALTER TABLE users DROP COLUMN rest");
    await sql("ALTER TABLE users ADD COLUMN half DOUBLE PRECISION");
    await sql("UPDATE users SET half = 'NaN' WHERE id = 'b'");
    await refused([url], "users.half");
    // And one that D1 would not take for its length.
    await sql("ALTER TABLE users DROP COLUMN half");
    await sql("ALTER TABLE users ADD COLUMN story TEXT");
    await sql("UPDATE users SET story = repeat('x', 100000) WHERE id = 'b'");
    await refused([url], "users", "b");
  } finally {
    await close();
  }
});

test("columns that know of zones keep their times, whatever the session's zone is", async () => {
  const zones = { mariadb: "init_command=SET+time_zone='%2B09:00'", postgres: "options=-c%20TimeZone=Asia/Tokyo" };
  for (const [product, zone] of Object.entries(zones)) {
    const { url, sql, close } = await server(product);
    try {
      await tables(sql, "");
      const type = product === "mariadb" ? "MODIFY expires_at TIMESTAMP(6) NOT NULL" : "ALTER expires_at TYPE TIMESTAMPTZ";
      await sql(`ALTER TABLE session ${type}`);
      await sql(user("u"));
      const instant = product === "mariadb" ? "FROM_UNIXTIME(1900000000.5)" : "to_timestamp(1900000000.5)";
      await sql(session("s", "t").replace("'2030-01-01 00:00:00'", instant));
      const { stdout } = await run(`${url}?${zone}`);
      assert.match(stdout, /'2030-03-17 17:46:40\.500000'/);

      const copy = sqlite(`zones-${product}.db`, SCHEMA, stdout);
      await sql("DELETE FROM session");
      await run("--replace", copy.url, `${url}?${zone}`);
      const asked = product === "mariadb" ? "UNIX_TIMESTAMP(expires_at)" : "EXTRACT(EPOCH FROM expires_at)";
      const [{ at }] = await sql(`SELECT ${asked} AS at FROM session`);
      assert.equal(Number(at), 1_900_000_000.5);
    } finally {
      await close();
    }
  }
});

/** Runs the script. */
function run(...words) {
  return new Promise((resolve, reject) => {
    execFile(PYTHON, [SCRIPT, ...words], { maxBuffer: 1e8 }, (error, stdout, stderr) =>
      error ? reject(Object.assign(error, { stdout, stderr })) : resolve({ stdout, stderr }),
    );
  });
}

/** The script ends with an error that has these words, and without a trace of the program or a line for the database. */
async function refused(words, ...expected) {
  await assert.rejects(run(...words), ({ code, stdout, stderr }) => {
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.ok(!stderr.includes("Traceback"), stderr);
    for (const word of expected) assert.ok(stderr.includes(word), `${word} in ${stderr}`);
    return true;
  });
}

/** A new SQLite file. */
function sqlite(name, ...scripts) {
  const file = path.join(directory, name);
  const database = new DatabaseSync(file);
  for (const script of scripts) database.exec(script);
  database.close();
  const all = (statement) => {
    const reading = new DatabaseSync(file, { readOnly: true });
    try {
      return reading.prepare(statement).all().map((row) => ({ ...row }));
    } finally {
      reading.close();
    }
  };
  return { url: `sqlite:///${file}`, all };
}

/** A new database of a server, and a connection to it. */
async function server(product) {
  const url = await newDatabase(product);
  if (product === "postgres") {
    const client = new postgres.Client({ connectionString: url });
    await client.connect();
    return { url: forPython(url), sql: async (statement) => (await client.query(statement)).rows, close: () => client.end() };
  }
  const connection = await mysql.createConnection({ uri: url });
  const sql = async (statement) => {
    const [rows] = await connection.query(statement);
    return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : [];
  };
  return { url: forPython(url), sql, close: () => connection.end() };
}

/** The tables of the package, those of users with further columns. */
async function tables(sql, further) {
  const time = "created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL";
  await sql(`CREATE TABLE users (
    id VARCHAR(36) PRIMARY KEY, name VARCHAR(255) NOT NULL, email VARCHAR(255) NOT NULL UNIQUE,
    email_verified BOOLEAN NOT NULL, image VARCHAR(512), is_active BOOLEAN NOT NULL,
    ${time.replaceAll("TIMESTAMP NOT NULL", "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP")}${further && `, ${further}`})`);
  await sql(`CREATE TABLE account (
    id VARCHAR(36) PRIMARY KEY, account_id VARCHAR(255), provider_id VARCHAR(64), user_id VARCHAR(36), password VARCHAR(255),
    access_token TEXT, refresh_token TEXT, id_token TEXT, access_token_expires_at TIMESTAMP NULL,
    refresh_token_expires_at TIMESTAMP NULL, scope VARCHAR(512), created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL)`);
  await sql(`CREATE TABLE session (
    id VARCHAR(36) PRIMARY KEY, token VARCHAR(36) NOT NULL UNIQUE, expires_at TIMESTAMP NULL, user_id VARCHAR(36),
    ip_address VARCHAR(45), user_agent VARCHAR(512), created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL)`);
}

function user(id, email = `${id}@example.com`) {
  return `INSERT INTO users (id, name, email, email_verified, image, is_active, created_at, updated_at)
    VALUES ('${id}', '', '${email}', FALSE, '', TRUE, '2030-01-01 00:00:00', '2030-01-01 00:00:00')`;
}

function session(id, token) {
  return `INSERT INTO session (id, token, expires_at, user_id, created_at, updated_at)
    VALUES ('${id}', '${token}', '2030-01-01 00:00:00', '${id}', '2030-01-01 00:00:00', '2030-01-01 00:00:00')`;
}
