// The drivers of examples/js-drivers, which docs/databases.md quotes: each passes the suites that ours pass. So do our
// own over the clients that Drizzle stands on.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, suite, test } from "node:test";
import BetterSqlite3 from "better-sqlite3";
import { drizzle as drizzleOver } from "drizzle-orm/better-sqlite3";
import { drizzle as drizzleOverLibsql } from "drizzle-orm/libsql";
import { drizzle as drizzleOverMysql2 } from "drizzle-orm/mysql2";
import { drizzle as drizzleOverPg } from "drizzle-orm/node-postgres";
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from "kysely";
import { createPool } from "mysql2";
import postgres from "pg";
import { betterSqlite3 } from "../../../examples/js-drivers/better-sqlite3.mjs";
import { drizzle } from "../../../examples/js-drivers/drizzle.mjs";
import { kysely } from "../../../examples/js-drivers/kysely.mjs";
import { libsql } from "../../../js/dist/esm/driver/libsql.js";
import { mysql2 } from "../../../js/dist/esm/driver/mysql2.js";
import { pg } from "../../../js/dist/esm/driver/pg.js";
import { serverDatabase, stopServers } from "./databases.mjs";
import { READS_UP_TO_NUL, runClaims } from "./load_suite.mjs";

after(stopServers);

/** From the name of a driver to what opens it: the driver, and what closes its database. */
const examples = {
  "better-sqlite3": async () => {
    const connection = new BetterSqlite3(":memory:");
    return [betterSqlite3(connection), () => connection.close()];
  },
  "Kysely on SQLite": async () => {
    const db = new Kysely({ dialect: new SqliteDialect({ database: new BetterSqlite3(":memory:") }) });
    return [kysely(db, "sqlite"), () => db.destroy()];
  },
  "Kysely on PostgreSQL": async () => {
    // Kysely hands on what pg makes of the columns. The suite wants large integers as numbers; the package reads none.
    const types = { getTypeParser: (oid, format) => (oid === 20 ? Number : postgres.types.getTypeParser(oid, format)) };
    const pool = new postgres.Pool({ connectionString: await serverDatabase("postgres"), max: 1, types });
    const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
    return [kysely(db, "postgres"), () => db.destroy()];
  },
  "Kysely on MySQL": async () => {
    const pool = createPool({ uri: await serverDatabase("mariadb"), connectionLimit: 1 });
    const db = new Kysely({ dialect: new MysqlDialect({ pool }) });
    return [kysely(db, "mysql"), () => db.destroy()];
  },
  Drizzle: async () => {
    const connection = new BetterSqlite3(":memory:");
    return [drizzle(drizzleOver(connection)), () => connection.close()];
  },
  "the pool of pg under Drizzle": async () => {
    const db = drizzleOverPg({ connection: { connectionString: await serverDatabase("postgres"), max: 1 } });
    return [pg(db.$client), () => db.$client.end()];
  },
  "the pool of mysql2 under Drizzle": async () => {
    const db = drizzleOverMysql2({ connection: { uri: await serverDatabase("mariadb"), connectionLimit: 1 } });
    return [mysql2(db.$client), () => db.$client.promise().end()];
  },
  "the client of libSQL under Drizzle": async () => {
    const db = drizzleOverLibsql({ connection: { url: ":memory:" } });
    return [libsql(db.$client), () => db.$client.close()];
  },
};

for (const [name, open] of Object.entries(examples)) {
  suite(`over ${name}`, () => {
    const except = name.includes("libSQL") ? READS_UP_TO_NUL : undefined;
    test("the driver does what every driver must do", () => claims(open, "driver", 15, except));
    test("the store does what every store must do", () => claims(open, "store", 33));
  });
}

test("docs/databases.md shows the files as they are, but for the comment at their head", async () => {
  const page = await readFile(new URL("../../../docs/databases.md", import.meta.url), "utf8");
  for (const name of ["better-sqlite3", "drizzle", "kysely"]) {
    const file = await readFile(new URL(`../../../examples/js-drivers/${name}.mjs`, import.meta.url), "utf8");
    const code = file.replace(/^(\/\/.*\n)+\n/, "");
    assert.ok(page.includes(`\`\`\`js\n${code}\`\`\`\n`), name);
  }
});

test("over Kysely a batch that is given up neither begins nor commits", async (t) => {
  const connection = new BetterSqlite3(":memory:");
  const db = new Kysely({ dialect: new SqliteDialect({ database: connection }) });
  t.after(() => db.destroy());
  connection.exec("CREATE TABLE note (text TEXT)");
  const { batch } = kysely(db, "sqlite");
  const insert = { sql: "INSERT INTO note VALUES (?)", params: ["late"] };
  const notes = () => connection.prepare("SELECT text FROM note").all();

  const waiting = new AbortController();
  let release;
  const held = db.connection().execute(() => new Promise((resolve) => (release = resolve)));
  const late = batch([insert], { begin: ["BEGIN IMMEDIATE"], signal: waiting.signal });
  waiting.abort();
  // There was no connection before; now there is.
  while (release === undefined) await new Promise((resolve) => setImmediate(resolve));
  release();
  await held;
  await assert.rejects(late, { name: "AbortError" });
  assert.deepEqual(notes(), []);

  for (const position of [0, 1]) {
    const running = new AbortController();
    const last = { ...insert };
    // Is given up when this statement is looked at, with a step or only the end before it.
    Object.defineProperty(last, "params", { get: () => (running.abort(), ["last"]) });
    const statements = [insert, insert];
    statements[position] = last;
    const given = batch(statements, { begin: ["BEGIN IMMEDIATE"], signal: running.signal });
    await assert.rejects(given, { name: "AbortError" });
    assert.equal(connection.inTransaction, false);
    assert.deepEqual(notes(), []);
  }
  await batch([insert], { begin: ["BEGIN IMMEDIATE"], signal: new AbortController().signal });
  assert.deepEqual(notes(), [{ text: "late" }]);
});

async function claims(open, name, atLeast, except) {
  const [database, close] = await open();
  try {
    const passed = await runClaims(name, database, except);
    assert.ok(passed.length >= atLeast, `${passed.length} claims`);
  } finally {
    await close();
  }
}
