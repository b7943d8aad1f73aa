// The suites of the test kit and the races, over the SQLite of Bun and of Deno.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { promisify } from "node:util";
import { races } from "../claims/races.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SCRIPT = fileURLToPath(new URL("sqlite_claims.mjs", import.meta.url));

for (const [name, program, ...words] of [
  ["bun:sqlite under Bun", "bun", "run"],
  ["node:sqlite under Deno", "deno", "run", "--quiet", "--no-lock", "--allow-all"],
]) {
  test(`driver, store and races do what they must over ${name}`, async () => {
    const path = `${ROOT}node_modules/.bin/${program}`;
    const { stdout } = await promisify(execFile)(path, [...words, SCRIPT], { cwd: ROOT });
    const held = JSON.parse(stdout);
    assert.ok(held.driver.length >= 15 && held.store.length >= 33, stdout);
    assert.deepEqual(held.races, Object.keys(races));
  });
}
