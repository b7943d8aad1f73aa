// `cargo xtask dev` and `cargo xtask dev spin` for a test.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endsWithThis, freePort } from "./children.mjs";

const ROOT = new URL("../../", import.meta.url);
/** A first start compiles what it serves. Less than the runner gives the file: a server that does not come up is to say why. */
const START_LIMIT = 10 * 60_000;

/**
 * Starts it on a free port and waits until it answers; ends it with the test.
 *
 * @param {{ after: (action: () => Promise<void>) => void }} t
 * @param {...string} words what follows `cargo xtask dev`
 * @returns {Promise<string>} the origin
 */
export async function serveDev(t, ...words) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  // A process group of its own, so that nothing of it can be left behind.
  const child = spawn(process.env.CARGO ?? "cargo", ["xtask", "dev", ...words, "--port", String(port)], {
    cwd: fileURLToPath(ROOT),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  endsWithThis(child, () => signal(child, "SIGKILL"));
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (log += text));
  }
  const ended = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    signal(child, "SIGTERM");
    await Promise.race([ended, sleep(15_000, undefined, { ref: false })]);
    signal(child, "SIGKILL");
  });

  const limit = Date.now() + START_LIMIT;
  while (Date.now() < limit) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const status = await fetch(`${origin}/auth/session`).then((response) => response.status, () => 0);
    if (status === 401) return origin;
    await sleep(200);
  }
  assert.fail(`\`cargo ${["xtask", "dev", ...words].join(" ")}\` does not serve:\n${log}`);
}

/** To the whole group of a child. */
function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
