import assert from "node:assert/strict";
import { test } from "node:test";
import { claimRecovery } from "../claims/recovery.mjs";
import { until } from "../requests.mjs";
import { CHEAP_HASH, json, startWorker } from "./harness.mjs";

/** The shim answers for an instance that is lost. */
async function isLost(response) {
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(await response.text(), '{"error":{"message":"Internal server error","code":"INTERNAL_ERROR"}}');
}

const isTold = ({ logs }) => until(() => logs.some(({ message }) => message.includes('"instance_lost"')));

claimRecovery(() => startWorker({ vars: CHEAP_HASH, build: "build/worker-panic" }), { isLost, isTold });

test("an uncaught error of a host's own code costs no request its instance", async () => {
  const entry = `
    import auth from "./index.js";
    const fail = () => queueMicrotask(() => { throw new Error("of the host's own"); });
    export default {
      fetch(request, env, context) {
        const answer = auth.fetch(request, env, context);
        fail();
        return answer;
      },
    };`;
  const worker = await startWorker({ vars: CHEAP_HASH, entry });
  try {
    const signUps = Array.from({ length: 10 }, (_, number) =>
      worker.fetch("/auth/sign-up/email", json({ email: `own-${number}@example.com`, password: "correct horse" })),
    );
    for (const answer of await Promise.all(signUps)) assert.equal(answer.status, 201);
    assert.ok(!worker.logs.some(({ message }) => message.includes("instance_lost")));
  } finally {
    await worker.dispose();
  }
});
