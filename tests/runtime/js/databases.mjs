// The databases that the package has drivers for, each empty and behind its driver. SQLite and D1 under other runtimes
// have files of their own beside this.

import { PGlite } from "@electric-sql/pglite";
import { createClient } from "@libsql/client";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mysqlCallbacks from "mysql2";
import mysql from "mysql2/promise";
import postgres from "pg";
import { libsql } from "../../../js/dist/esm/driver/libsql.js";
import { mysql2 } from "../../../js/dist/esm/driver/mysql2.js";
import { pg } from "../../../js/dist/esm/driver/pg.js";
import { sqlite } from "../../../js/dist/esm/driver/sqlite.js";
import { startServer } from "./server.mjs";

/** One server a product for all tests of a file. */
const servers = new Map();

/** The URL of an empty database on a real server. */
export async function serverDatabase(product) {
  if (!servers.has(product)) servers.set(product, startServer(product));
  return (await servers.get(product)).database();
}

/** PGlite takes seconds to start: one for all tests of a file, whose databases are emptied. */
let lite;

/** Ends the servers. For `after`. */
export async function stopServers() {
  await lite?.close();
  for (const server of servers.values()) await (await server).stop();
  servers.clear();
}

/** An empty directory, gone after `remove`. */
async function directory() {
  const path = await mkdtemp(join(tmpdir(), "auth101-"));
  return { path, remove: () => rm(path, { recursive: true }) };
}

/**
 * From the name of a database to what opens it. `connections` is how many batches may be under way at once, where the
 * client of the database can have several. `rows` runs a query past the driver.
 *
 * @type {Record<string, (connections: number) => Promise<{
 *   database: import("../../../js/src/driver/database.js").Database,
 *   rows: (sql: string) => Promise<Record<string, unknown>[]>,
 *   close: () => Promise<void>,
 * }>>}
 */
export const databases = {
  "node:sqlite in memory": async () => sqliteOn(":memory:"),
  "node:sqlite in a file": async () => {
    const { path, remove } = await directory();
    return sqliteOn(join(path, "auth.db"), remove);
  },
  "libsql in memory": async () => libsqlOn(":memory:"),
  "libsql in a file": async () => {
    const { path, remove } = await directory();
    return libsqlOn(`file:${join(path, "auth.db")}`, remove);
  },
  PGlite: async () => {
    lite ??= new PGlite();
    await lite.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    const rows = async (sql) => (await lite.query(sql)).rows;
    return { database: pg(lite), client: lite, rows, close: async () => undefined };
  },
  "a pool of pg": async (connections) => {
    const client = new postgres.Pool({ connectionString: await serverDatabase("postgres"), max: connections });
    const rows = async (sql) => (await client.query(sql)).rows;
    return { database: pg(client), rows, close: () => client.end() };
  },
  "a client of pg": async () => {
    const client = new postgres.Client({ connectionString: await serverDatabase("postgres") });
    const rows = async (sql) => (await client.query(sql)).rows;
    return { database: pg(client), rows, close: () => client.end() };
  },
  "a pool of mysql2/promise": async (connections) => {
    const client = mysql.createPool({ uri: await serverDatabase("mariadb"), connectionLimit: connections });
    const rows = async (sql) => (await client.query(sql))[0];
    return { database: mysql2(client), rows, close: () => client.end() };
  },
  "a pool of mysql2 with options that change what queries give": async (connections) => {
    const client = mysqlCallbacks.createPool({
      uri: await serverDatabase("mariadb"),
      connectionLimit: connections,
      flags: ["-FOUND_ROWS"],
      rowsAsArray: true,
      namedPlaceholders: true,
      dateStrings: true,
      timezone: "+05:30",
      typeCast: () => "not what was stored",
    });
    const rows = async (sql) => (await client.promise().query({ sql, rowsAsArray: false, typeCast: true }))[0];
    return { database: mysql2(client), rows, close: () => client.promise().end() };
  },
  "a connection of mysql2/promise": async () => {
    const client = await mysql.createConnection(await serverDatabase("mariadb"));
    const rows = async (sql) => (await client.query(sql))[0];
    return { database: mysql2(client), rows, close: () => client.end() };
  },
};

function sqliteOn(path, remove = async () => undefined) {
  const database = sqlite(path);
  const rows = async (sql) => (await database.batch([{ sql, params: [] }], { begin: ["BEGIN IMMEDIATE"] }))[0].rows;
  return { database, rows, close: async () => (await database.close(), remove()) };
}

function libsqlOn(url, remove = async () => undefined) {
  const client = createClient({ url });
  const rows = async (sql) => (await client.execute(sql)).rows;
  return { database: libsql(client), rows, close: async () => (client.close(), remove()) };
}
