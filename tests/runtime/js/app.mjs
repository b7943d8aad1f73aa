// Starts the examples: those that serve by themselves as programs of their runtime, and those that a framework's own
// server calls as functions.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { endsWithThis } from "../children.mjs";

export { json } from "../requests.mjs";

const ROOT = new URL("../../../", import.meta.url);

/** The directory of the examples. */
export const EXAMPLES = fileURLToPath(new URL("examples/", ROOT));

/** Programs that run an example, and their arguments before its file. */
export const RUNTIMES = {
  node: [process.execPath, "--disable-warning=ExperimentalWarning"],
  deno: [tool("deno"), "run", "--quiet", "--no-lock", "--allow-all"],
  bun: [tool("bun"), "run"],
};

/** A secret of the tests. */
export const SECRET = "a-secret-of-the-tests-with-more-than-32-bytes";

/** An empty directory, which goes with the test that wants it. */
export async function directory(t) {
  const path = await mkdtemp(join(tmpdir(), "auth101-js-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/**
 * Starts an example that serves by itself.
 *
 * @returns an app: `fetch(path, init)`, `url`, `rows(sql)` of its database, `logs` and `isAlive()`
 */
export async function startExample(t, runtime, file, variables = {}) {
  const database = join(await directory(t), "auth.db");
  const [program, ...flags] = RUNTIMES[runtime];
  const child = spawn(program, [...flags, join(EXAMPLES, file)], {
    cwd: fileURLToPath(ROOT),
    env: { ...process.env, AUTH_SECRET: SECRET, AUTH_DATABASE: database, PORT: "0", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  endsWithThis(child);
  const logs = [];
  child.stderr.setEncoding("utf8").on("data", (text) => logs.push(text));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const url = await Promise.race([
    firstUrl(child.stdout),
    ended.then((code) => Promise.reject(new Error(`${file} ended with ${code}: ${logs.join("")}`))),
  ]);
  return {
    url,
    logs,
    fetch: (path, init) => fetch(url + path, init),
    rows: (sql) => rowsOf(database, sql),
    isAlive: () => child.exitCode === null && child.signalCode === null,
  };
}

/**
 * Wraps functions from Request to Response as an app.
 *
 * @param {(database: string) => Promise<(request: Request) => Promise<Response>>} load
 */
export async function loadExample(t, load) {
  const database = join(await directory(t), "auth.db");
  Object.assign(process.env, { AUTH_SECRET: SECRET, AUTH_DATABASE: database });
  const serve = await load();
  return {
    fetch: (path, init) => serve(new Request(`http://localhost${path}`, init)),
    rows: (sql) => rowsOf(database, sql),
  };
}

/** What a query finds in a SQLite file. */
export function rowsOf(file, sql) {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

/** The init of a request with an access token. */
export function bearer(token, init = {}) {
  return { ...init, headers: { authorization: `Bearer ${token}` } };
}

function tool(name) {
  return fileURLToPath(new URL(`node_modules/.bin/${name}`, ROOT));
}

async function firstUrl(stream) {
  for await (const line of createInterface({ input: stream })) {
    const url = /http:\/\/\S+/.exec(line);
    if (url) return url[0];
  }
  return new Promise(() => {});
}
