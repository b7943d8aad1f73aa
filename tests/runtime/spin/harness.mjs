// Runs a built Spin component over a real SQLite file or a real PostgreSQL server: in the `spin` that SPIN_BIN names, or in the
// host of this repository, which stands in for it.
//
// `cargo xtask build spin` makes the component, `cargo build -p auth101-spin-host` the host, and
// `cargo build -p auth101-testkit --bin server` what starts PostgreSQL.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { builtProgram } from "../built_program.mjs";
import { endsWithThis } from "../children.mjs";
import { PostgresTables, SqliteTables } from "../tables.mjs";

export { json, until } from "../requests.mjs";

export const ROOT = new URL("../../../", import.meta.url);
const STAND_IN = builtProgram("auth101-spin-host");
const SPIN = process.env.SPIN_BIN || STAND_IN;
const SERVER = builtProgram("server");
/** How long the host may take to compile a component, on a machine that does much else. */
const START_LIMIT = 120_000;

/** A secret that the component accepts. */
export const SECRET = "a-secret-of-the-tests-with-more-than-32-bytes";
/** The cheapest hash there is, for tests that are about something else. */
export const CHEAP_HASH = { allow_weak_argon2: true, argon2_memory: 8, argon2_iterations: 1 };
/** For `startSpin`: the example that mounts the routes, in the build whose further routes panic. */
export const EXAMPLE = {
  manifest: "examples/spin-mount/spin.toml",
  edit: (text) => text.replaceAll("build/spin/mount.wasm", "build/spin/panic.wasm"),
};
/** What a test is run over. */
export const DATABASES = ["sqlite", "postgres"];

/**
 * Starts an application.
 *
 * @param {object} [options]
 * @param {"sqlite" | "postgres"} [options.database]
 * @param {Record<string, unknown>} [options.options] options of auth101 by their canonical names
 * @param {string | null} [options.secret] null leaves it out
 * @param {string} [options.migration] SQL that is run before the first request
 * @param {string} [options.manifest] from the root of the repository
 * @param {(manifest: string) => string} [options.edit] changes the manifest
 * @param {Record<string, string>} [options.variables] further variables of the manifest, by name
 * @param {Record<string, string>} [options.env] further variables of the environment
 * @param {string[]} [options.flags] further flags of `spin up`
 * @param {string[]} [options.faults] what goes wrong before a statement, as the stand-in's --fault takes it; these claims are
 *   always made on the stand-in, for Spin cannot be told to fail
 * @param {object} [options.on] an application whose database this one shares
 */
export async function startSpin({
  database = "sqlite",
  options = {},
  secret = SECRET,
  migration,
  manifest = "spin.toml",
  edit = (text) => text,
  variables = {},
  env = {},
  flags = [],
  faults = [],
  on,
} = {}) {
  const folder = on?.folder ?? (await mkdtemp(join(tmpdir(), "auth101-spin-")));
  const url = database === "postgres" ? (on?.database.url ?? (await postgresDatabase())) : undefined;
  const store = url ? new PostgresTables(url) : new SqliteTables(join(folder, "sqlite_db.db"));
  if (migration) await store.script(migration);

  const given = { ...options, ...(secret !== null && { secret }), ...(url && { database: url }) };
  const file = join(folder, "spin.toml");
  await writeFile(file, edit(granted(await absolute(manifest), given.database)));
  const environment = Object.entries(given).map(([name, value]) => [
    `SPIN_VARIABLE_AUTH_${name.toUpperCase()}`,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  const further = Object.entries(variables).map(([name, value]) => [`SPIN_VARIABLE_${name.toUpperCase()}`, value]);
  const words = ["up", "--from", file, "--listen", "127.0.0.1:0", "--state-dir", folder, ...flags];
  const failing = faults.flatMap((fault) => ["--fault", fault]);
  const child = spawn(faults.length > 0 ? STAND_IN : SPIN, [...words, ...failing], {
    env: { ...process.env, ...env, ...Object.fromEntries([...environment, ...further]) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = () => {
    for (const pid of family(child.pid)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        if (error.code !== "ESRCH") throw error;
      }
    }
  };
  endsWithThis(child, end);
  const application = { child, folder, database: store, log: "", exited: new Promise((resolve) => child.once("exit", resolve)) };
  const listening = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const address = /^Serving (http:\S+)$/.exec(stripVTControlCharacters(line))?.[1];
      if (address) resolve(new URL(address));
      else application.log += `${line}\n`;
    });
  });
  child.stderr.setEncoding("utf8").on("data", (text) => (application.log += text));
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, START_LIMIT)));
  application.url = await Promise.race([listening, application.exited.then(() => undefined), late]);
  clearTimeout(timer);
  application.kill = async () => {
    if (child.exitCode === null && child.signalCode === null) end();
    await application.exited;
  };
  application.dispose = async () => {
    await application.kill();
    await store.close();
    if (!on) await rm(folder, { recursive: true, force: true });
  };
  if (!application.url) {
    await application.dispose();
    throw Object.assign(new Error(`the host does not serve:\n${application.log}`), { log: application.log });
  }
  // A connection for each request: one whose body was not read to the end is closed, and the next request might already
  // be on it.
  application.fetch = (path, init) => {
    const headers = new Headers(init?.headers);
    headers.set("connection", "close");
    return fetch(new URL(application.url.origin + path), { ...init, headers });
  };
  application.sql = (statement, values = []) => store.run(statement, values);
  application.server = () => family(child.pid).at(-1);
  // The memory of the host, with that of every instance in it: now, and the most that it was since it was last forgotten.
  const mebibytes = async (name) => {
    const status = await readFile(`/proc/${application.server()}/status`, "utf8");
    return Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)[1]) / 1_024);
  };
  application.residentMebibytes = () => mebibytes("VmRSS");
  application.peakMebibytes = () => mebibytes("VmHWM");
  application.forgetPeak = () => writeFile(`/proc/${application.server()}/clear_refs`, "5");
  application.count = async (table) => Number((await store.run(`SELECT count(*) AS n FROM ${table}`, []))[0].n);
  return application;
}

/** A process, and after it those that it has started: `spin up` serves in one of its own. */
function family(pid) {
  let children = [];
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").match(/\d+/g) ?? []);
  } catch {
    // It has just ended.
  }
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

/** A manifest whose sources are found from any folder. */
async function absolute(manifest) {
  const place = new URL(manifest, ROOT);
  const text = await readFile(place, "utf8");
  return text.replaceAll(/^source = "(.+)"$/gm, (_, source) => `source = ${JSON.stringify(fileURLToPath(new URL(source, place)))}`);
}

/** A manifest that lets the component reach the server of an address, where it is one: by the line that is a comment otherwise. */
function granted(manifest, address) {
  const host = /^postgres(?:ql)?:\/\/[^/]*?([^/@:]+):(\d+)\//.exec(address ?? "");
  if (!host) return manifest;
  const line = `allowed_outbound_hosts = ["postgres://${host[1]}:${host[2]}"]`;
  return manifest.replace(/^(?:# )?allowed_outbound_hosts = .*$/m, line);
}

// One server for all tests of a process.
let server;

/** The URL of a new, empty database. */
export async function postgresDatabase() {
  server ??= startServer();
  return (await server).next();
}

function startServer() {
  const child = spawn(SERVER, ["postgres"], { stdio: ["pipe", "pipe", "inherit"] });
  // Neither it nor its pipes keep this process alive; when this process ends, so does its input.
  for (const one of [child, child.stdin, child.stdout]) one.unref();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let first = true;
  return {
    async next() {
      if (!first) child.stdin.write("\n");
      first = false;
      child.stdout.ref();
      const { value, done } = await lines.next();
      child.stdout.unref();
      if (done) throw new Error("PostgreSQL does not start; what its program said stands above");
      return JSON.parse(value).url;
    },
  };
}

/** One request over an agent of its own or of the caller's, as Node sends it. */
export function request(url, { method = "GET", headers = {}, body, agent = false } = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method, headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on("error", reject).end(body);
  });
}
