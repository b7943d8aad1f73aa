// Holds the conversations of tests/wire with the core and its SQL, compiled for this machine, on every database.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe } from "node:test";
import { builtProgram } from "../built_program.mjs";
import { endsWithThis } from "../children.mjs";
import { NAMINGS, replayAll } from "../conversations.mjs";
import { startServer } from "../js/server.mjs";
import { MySqlTables, PostgresTables, SqliteTables } from "../tables.mjs";

// No database waits for its disk at every commit: these tests do not ask what is lost when it is killed.
const DATABASES = {
  SQLite: async () => {
    const place = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "auth101-"));
    const file = join(place, "auth.db");
    return { url: `sqlite:${file}`, tables: new SqliteTables(file), end: () => rm(place, { recursive: true }) };
  },
  PostgreSQL: () => onServer("postgres", PostgresTables, "ALTER ROLE CURRENT_USER SET synchronous_commit = off"),
  MariaDB: () => onServer("mariadb", MySqlTables, "SET GLOBAL innodb_flush_log_at_trx_commit = 0"),
};

for (const [name, open] of Object.entries(DATABASES)) {
  for (const [naming, names] of Object.entries(NAMINGS)) {
    describe(`on ${name}, under ${naming}`, () => {
      let database;
      before(async () => (database = await open()));
      after(async () => {
        await database.tables.close();
        await database.end();
      });
      replayAll(names, async (options) => ({
        ...(await startHost(database.url, options)),
        sql: (statement, values) => database.tables.run(statement, values),
      }));
    });
  }
}

async function onServer(product, Tables, setting) {
  const server = await startServer(product);
  const url = await server.database();
  const tables = new Tables(url);
  await tables.script(setting);
  return { url, tables, end: server.stop };
}

/** The service in a process that answers each line with a line. */
async function startHost(database, options) {
  const words = [database, JSON.stringify(options)];
  const child = endsWithThis(spawn(builtProgram("native_host"), words, { stdio: ["pipe", "pipe", "inherit"] }));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the host has ended; what it said is above");
    return value;
  };
  await nextLine();
  return {
    fetch: async (path, { method, headers, body }) => {
      const sent = { method, path, headers: Object.fromEntries(headers), body: Buffer.from(body ?? "").toString("base64") };
      child.stdin.write(`${JSON.stringify(sent)}\n`);
      const answer = JSON.parse(await nextLine());
      return new Response(answer.body ? Buffer.from(answer.body, "base64") : null, answer);
    },
    dispose: () => child.stdin.end(),
  };
}
