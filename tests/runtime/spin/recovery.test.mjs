import assert from "node:assert/strict";
import { describe } from "node:test";
import { claimRecovery } from "../claims/recovery.mjs";
import { CHEAP_HASH, DATABASES, EXAMPLE, startSpin } from "./harness.mjs";

/** Spin answers for an instance that is lost. */
async function isLost(response) {
  assert.equal(response.status, 500);
  assert.equal(await response.text(), "");
}

for (const database of DATABASES) {
  describe(`on ${database}`, () => {
    claimRecovery(() => startSpin({ ...EXAMPLE, database, options: CHEAP_HASH }), { isLost });
  });
}
