// A real PostgreSQL or MariaDB of a test's own, started by the program of `cargo build -p auth101-testkit --bin server`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { builtProgram } from "../built_program.mjs";

/**
 * Starts a server. It ends with this process at the latest.
 *
 * @param {"postgres" | "mariadb"} product
 * @returns {Promise<{
 *   database: () => Promise<string>,
 *   restart: () => Promise<void>,
 *   replica: () => Promise<string>,
 *   stop: () => Promise<void>,
 * }>} `database` makes an empty one and gives its URL; `restart` ends the server in the middle of its work first; `replica`
 * starts a server that follows this one and takes no writes, and gives a URL on it
 */
export async function startServer(product) {
  const child = spawn(builtProgram("server"), [product], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const url = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the ${product} server did not start`);
    return JSON.parse(value).url;
  };
  // The first database comes unasked.
  const first = url();
  let last = first;
  await first;
  /** One after the other: the answers come in the order of the lines. */
  const ask = (line) => {
    last = last.then(() => {
      child.stdin.write(`${line}\n`);
      return url();
    });
    return last;
  };
  let unused = first;
  return {
    database: async () => {
      const made = unused ?? ask("");
      unused = undefined;
      return made;
    },
    restart: async () => void (await ask("restart")),
    replica: () => ask("replica"),
    stop: async () => {
      await last.catch(() => undefined);
      child.stdin.end();
      await ended;
    },
  };
}
