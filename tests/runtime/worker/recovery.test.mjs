import assert from "node:assert/strict";
import { claimRecovery } from "../claims/recovery.mjs";
import { until } from "../requests.mjs";
import { CHEAP_HASH, startWorker } from "./harness.mjs";

/** The shim answers for an instance that is lost. */
async function isLost(response) {
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(await response.text(), '{"error":{"message":"Internal server error","code":"INTERNAL_ERROR"}}');
}

const isTold = ({ logs }) => until(() => logs.some(({ message }) => message.includes('"instance_lost"')));

claimRecovery(() => startWorker({ vars: CHEAP_HASH, build: "build/worker-panic" }), { isLost, isTold });
