import assert from "node:assert/strict";
import { describe } from "node:test";
import { claimRecovery } from "../claims/recovery.mjs";
import { CHEAP_HASH, DATABASES, startSpin } from "./harness.mjs";

const manifest = "examples/spin-mount/spin.toml";
const edit = (text) => text.replaceAll("build/spin/mount.wasm", "build/spin/panic.wasm");

/** Spin answers for an instance that is lost. */
async function isLost(response) {
  assert.equal(response.status, 500);
  assert.equal(await response.text(), "");
}

for (const database of DATABASES) {
  describe(`on ${database}`, () => {
    claimRecovery(() => startSpin({ database, manifest, edit, options: CHEAP_HASH }), { isLost });
  });
}
