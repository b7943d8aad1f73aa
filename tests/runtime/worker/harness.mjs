// Runs a built Worker in the real workerd with a real local D1 in memory.
//
// `cargo xtask build worker` makes the files; the Node of node_modules runs this (Miniflare wants 22.12 or newer).

import { readFile } from "node:fs/promises";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";

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
 * @param {boolean} [options.database] whether there is a D1 binding `DB`
 * @param {boolean} [options.migrate] whether its tables exist
 * @param {string} [options.migration] the SQL that makes them; by default the migration that is deployed
 * @param {string} [options.build] the directory of index.js and worker.wasm, from the root of the repository
 * @param {string} [options.entry] source of a module that stands before the Worker, imported from "./index.js"
 * @returns {Promise<{
 *   fetch: (path: string, init?: RequestInit) => Promise<Response>,
 *   url: URL,
 *   db: D1Database,
 *   logs: { level: string, message: string }[],
 *   scheduled: () => Promise<{ outcome: string }>,
 *   dispose: () => Promise<void>,
 * }>} `fetch` speaks real HTTP to the Worker; `logs` fills with what it writes to its console
 */
export async function startWorker({
  vars = {},
  secret = SECRET,
  database = true,
  migrate = database,
  migration,
  build = "build/worker",
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
      d1Databases: database ? { DB: "auth101" } : {},
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

/** The init of a request with a JSON body. */
export function json(body, headers = {}) {
  return { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } };
}

/** Waits until a condition holds: what the Worker logs arrives a little after its answer. */
export async function until(condition, milliseconds = 5_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const result = condition();
    if (result) return result;
    if (Date.now() > end) throw new Error(`waited ${milliseconds} ms in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function read(path) {
  return readFile(new URL(path, ROOT), "utf8");
}
