// The commands of docs/migrating-from-python.md, as they stand there.

import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PYTHON } from "./python.mjs";
import { ROOT } from "./processes.mjs";

const PAGE = await readFile(new URL("docs/migrating-from-python.md", ROOT), "utf8");

/** The id of the database in wrangler.toml. */
export const DATABASE_ID = /^database_id = "(.+)"$/m.exec(await readFile(new URL("wrangler.toml", ROOT), "utf8"))[1];

/** What stands in the block that begins with these words, such as `js after`. */
export function block(words) {
  const content = new RegExp(`^ *\`\`\`${words}\n(.*?)^ *\`\`\`$`, "ms").exec(PAGE)?.[1];
  if (!content) throw new Error(`the page has no block ${words}`);
  return content;
}

/** A fresh checkout, as far as the commands need it, whose local D1 has its tables. */
export async function newCheckout(name) {
  first ??= firstCheckout();
  const directory = place(name);
  await rm(directory, { recursive: true, force: true });
  await cp(await first, directory, { recursive: true });
  return directory;
}

let first;
async function firstCheckout() {
  const directory = await bareCheckout("first");
  await runBlock("make-tables", directory);
  return directory;
}

/** The same, whose local D1 is empty. */
export async function bareCheckout(name) {
  const directory = place(name);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const item of ["wrangler.toml", "migrations", "examples/move_rows.py"]) {
    await cp(new URL(item, ROOT), path.join(directory, item), { recursive: true });
  }
  return directory;
}

/** In the repository, where npx finds its tools. */
function place(name) {
  return fileURLToPath(new URL(`target/interop/${name}`, ROOT));
}

/**
 * Runs the commands of the block that carries a name, on the local D1 in the place of the remote one.
 *
 * @param {string} name what stands after `sh` where the block begins
 * @param {string} directory a checkout
 * @param {Record<string, string>} [instead] what a reader puts in the place of the page's examples
 * @returns {Promise<{ stdout: string, stderr: string }>} what they print
 */
export async function runBlock(name, directory, instead = {}) {
  let commands = block(`sh ${name}`);
  for (const [example, own] of Object.entries({ "--remote": "--local", ...instead })) {
    if (example !== "--remote" && !commands.includes(example)) throw new Error(`${name} has no ${example}`);
    commands = commands.replaceAll(example, own);
  }
  const tools = [path.dirname(PYTHON), fileURLToPath(new URL("node_modules/.bin", ROOT)), process.env.PATH];
  const env = {
    ...process.env,
    PATH: tools.join(path.delimiter),
    // It neither asks, nor reports home, nor fetches anything.
    CI: "1",
    WRANGLER_SEND_METRICS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
  return promisify(execFile)("bash", ["-euc", commands], { cwd: directory, env, maxBuffer: 1e8 });
}
