// Programs of each runtime as children of the test: the Node, Deno and Bun of node_modules.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { endsWithThis } from "../children.mjs";

const ROOT = new URL("../../../", import.meta.url);
const tool = (name) => fileURLToPath(new URL(`node_modules/.bin/${name}`, ROOT));

/** How a program is started: the program of the runtime, and what comes before the file. */
const RUNTIMES = {
  node: [process.execPath, ["--disable-warning=ExperimentalWarning"]],
  deno: [tool("deno"), ["run", "--no-config", "--no-prompt", "--no-lock"]],
  bun: [tool("bun"), ["run"]],
};

/** How long a program may run, in milliseconds: generous, for slow machines. */
const RUN_LIMIT = 120_000;

/** The runtimes with servers. */
export const runtimes = Object.keys(RUNTIMES);

/**
 * Starts a program.
 *
 * @param {"node" | "deno" | "bun"} runtime
 * @param {URL} file
 * @param {object} [options]
 * @param {Record<string, string>} [options.env] variables besides those of this process
 * @param {string[]} [options.permissions] what Deno is allowed
 * @returns {Promise<{ line: string, end: () => Promise<number | null> }>} its first line of output, and what ends it and
 *   gives its exit code
 */
export async function start(runtime, file, { env = {}, permissions = [] } = {}) {
  const [program, before] = RUNTIMES[runtime];
  const words = [...before, ...(runtime === "deno" ? permissions : []), fileURLToPath(file)];
  const child = spawn(program, words, {
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  endsWithThis(child);
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  const exit = once(child, "exit").then(([code]) => code);
  const first = once(createInterface(child.stdout), "line").then(([line]) => line);
  const line = await Promise.race([first, exit.then((code) => Promise.reject(new Error(`exit ${code}: ${said}`)))]);
  return {
    line,
    end: () => {
      child.kill();
      return exit;
    },
  };
}

/** Runs a program to its end; its output. Rejects where it fails, with what it said. */
export async function run(runtime, file, { env = {}, permissions = [], args = [] } = {}) {
  const [program, before] = RUNTIMES[runtime];
  const words = [...before, ...(runtime === "deno" ? permissions : []), fileURLToPath(file), ...args];
  const child = spawn(program, words, {
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // One that does not end by itself has failed.
    timeout: RUN_LIMIT,
  });
  let [output, said] = ["", ""];
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (said += chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`exit ${code}: ${said}${output}`);
  return output;
}
