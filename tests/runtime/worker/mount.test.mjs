import assert from "node:assert/strict";
import { test } from "node:test";
import { claimMount } from "../claims/mount.mjs";
import { json } from "../requests.mjs";
import { CHEAP_HASH, startWorker } from "./harness.mjs";

const application = claimMount(() => startWorker({ vars: CHEAP_HASH, build: "build/worker-panic" }));

test("an outage is not a refusal", async () => {
  const { fetch, db } = application();
  const created = await fetch("/auth/sign-up/email", json({ email: "out@example.com", password: "password" }));
  const { access_token } = await created.json();
  await db.exec("DROP TABLE session");
  assert.equal((await fetch("/me", { headers: { authorization: `Bearer ${access_token}` } })).status, 500);
});
