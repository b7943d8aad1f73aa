// Runs a built Worker in the real workerd with a real local D1 in memory.
//
// `cargo xtask build worker` makes the files; the Node of node_modules runs this (Miniflare wants 22.12 or newer).

import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { boundToSqlite } from "../statements.mjs";

export { json, until } from "../requests.mjs";

const ROOT = new URL("../../../", import.meta.url);
const ENTRY = "entry.mjs";
/** As in wrangler.toml, so that the tests run on the runtime that is deployed. */
const COMPATIBILITY_DATE = /^compatibility_date = "(.+)"$/m.exec(await read("wrangler.toml"))[1];

/** A secret that the Worker accepts. */
export const SECRET = "a-secret-of-the-tests-with-more-than-32-bytes";
/** The cheapest hash there is, for tests that are about something else. */
export const CHEAP_HASH = { AUTH_ALLOW_WEAK_ARGON2: true, AUTH_ARGON2_MEMORY: 8, AUTH_ARGON2_ITERATIONS: 1 };

/**
 * Starts a Worker.
 *
 * @param {object} [options]
 * @param {Record<string, unknown>} [options.vars] variables, as under `[vars]` in wrangler.toml
 * @param {string | null} [options.secret] `AUTH_SECRET`; null leaves it out
 * @param {boolean | string} [options.database] whether there is a D1 binding `DB`; or the id of its database
 * @param {boolean} [options.migrate] whether its tables exist
 * @param {string} [options.migration] the SQL that makes them; by default the migration that is deployed
 * @param {string} [options.build] the directory of index.js and worker.wasm, from the root of the repository
 * @param {string} [options.persist] a directory for the database's file, which outlives the Worker; by default it is in
 *   memory
 * @param {string} [options.entry] source of a module that stands before the Worker, imported from "./index.js"
 * @returns {Promise<{
 *   fetch: (path: string, init?: RequestInit) => Promise<Response>,
 *   url: URL,
 *   db: D1Database,
 *   sql: (statement: string, values?: unknown[]) => Promise<object[]>,
 *   count: (table: string) => Promise<number>,
 *   residentMebibytes: () => Promise<number>,
 *   logs: { level: string, message: string }[],
 *   scheduled: () => Promise<{ outcome: string }>,
 *   dispose: () => Promise<void>,
 * }>} `fetch` speaks real HTTP to the Worker; `logs` fills with what it writes to its console
 */
export async function startWorker({
  vars = {},
  secret = SECRET,
  database = true,
  migrate = Boolean(database),
  migration,
  build = "build/worker",
  persist,
  entry = 'export { default } from "./index.js";',
} = {}) {
  const logs = [];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [
        { type: "ESModule", path: ENTRY, contents: entry },
        { type: "ESModule", path: "index.js", contents: await read(`${build}/index.js`) },
        { type: "CompiledWasm", path: "worker.wasm", contents: await readFile(new URL(`${build}/worker.wasm`, ROOT)) },
      ],
      compatibilityDate: COMPATIBILITY_DATE,
      bindings: { ...vars, ...(secret !== null && { AUTH_SECRET: secret }) },
      d1Databases: database ? { DB: database === true ? "auth101" : database } : {},
      resourcePersistencePath: persist,
      // The address that a client claims reaches the Worker, so that a test can play the platform.
      stripCfConnectingIp: false,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ level, message }) => logs.push({ level, message }),
    }),
  );
  const url = await miniflare.ready;
  const db = database ? await miniflare.getD1Database("DB") : undefined;
  if (migrate) await createTables(db, migration);
  return {
    fetch: (path, init) => {
      // A connection for each request: the runtime closes one whose body it did not read to the end, and the next request
      // might already be on it.
      const headers = new Headers(init?.headers);
      headers.set("connection", "close");
      return fetch(new URL(url.origin + path), { ...init, headers });
    },
    url,
    db,
    sql: async (statement, values = []) => (await db.prepare(statement).bind(...boundToSqlite(values)).all()).results,
    count: (table) => db.prepare(`SELECT count(*) AS n FROM ${table}`).first("n"),
    residentMebibytes,
    logs,
    scheduled: async () => (await miniflare.getWorker()).scheduled({ cron: "17 3 * * *" }),
    dispose: () => miniflare.dispose(),
  };
}

/** Runs a migration, by default the one that is deployed. */
export async function createTables(db, migration) {
  const script = (migration ?? (await read("migrations/0001_auth101.sql"))).replaceAll(/^--.*$/gm, "");
  const statements = script.split(";").filter((statement) => statement.trim() !== "");
  await db.batch(statements.map((statement) => db.prepare(statement)));
}

/** The memory of the runtime that this process started. */
async function residentMebibytes() {
  const lines = execFileSync("ps", ["-A", "-o", "ppid=,rss=,comm="], { encoding: "utf8" }).split("\n");
  const processes = lines.map((line) => line.trim().split(/\s+/));
  const runtime = processes.find(([parent, , name]) => Number(parent) === process.pid && name.includes("workerd"));
  return Math.round(Number(runtime[1]) / 1_024);
}

async function read(path) {
  return readFile(new URL(path, ROOT), "utf8");
}
