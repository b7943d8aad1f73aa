// A real PostgreSQL or MariaDB of a test's own, started by the program of `cargo build -p auth101-testkit --bin server`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { builtProgram } from "../children.mjs";

/**
 * Starts a server. It ends with this process at the latest.
 *
 * @param {"postgres" | "mariadb"} product
 * @returns {Promise<{ database: () => Promise<string>, stop: () => Promise<void> }>} `database` makes an empty one and
 * gives its URL
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
  let next = url();
  await next;
  return {
    database: async () => {
      const made = next;
      next = made.then(() => {
        child.stdin.write("\n");
        return url();
      });
      return made;
    },
    stop: async () => {
      await next.catch(() => undefined);
      child.stdin.end();
      await ended;
    },
  };
}
