import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CHEAP_HASH, json, startWorker } from "./harness.mjs";

let worker;
before(async () => (worker = await startWorker({ vars: CHEAP_HASH, build: "build/worker-panic" })));
after(() => worker.dispose());

const me = (token) => worker.fetch("/me", token && { headers: { authorization: `Bearer ${token}` } });

test("a Worker serves its own routes beside the mounted ones", async () => {
  const home = await worker.fetch("/");
  assert.equal(home.status, 200);
  assert.match(await home.text(), /^Hello/);
  assert.equal((await worker.fetch("/nowhere")).status, 404);
  assert.equal((await worker.fetch("/auth/nowhere")).headers.get("content-type"), "application/json");
});

test("its own route knows the signed-in user, and refuses others in the words of the mounted routes", async () => {
  const created = await worker.fetch("/auth/sign-up/email", json({ email: "me@example.com", password: "password" }));
  const { user, access_token, refresh_token } = await created.json();
  const known = await me(access_token);
  assert.equal(known.status, 200);
  assert.deepEqual(await known.json(), { id: user.id, email: "me@example.com" });

  for (const token of [undefined, "nonsense", refresh_token]) {
    const refused = await me(token);
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get("www-authenticate"), "Bearer");
    assert.deepEqual(await refused.json(), { error: { message: "Unauthorized", code: "UNAUTHORIZED" } });
  }

  await worker.fetch("/auth/sign-out", { method: "POST", headers: { authorization: `Bearer ${access_token}` } });
  assert.equal((await me(access_token)).status, 401, "a signed-out session is refused at once");
});

test("the Worker's own list refuses passwords at sign-up, and only there", async () => {
  const credentials = { email: "list@example.com", password: "QwertyUIOP" };
  const refused = await worker.fetch("/auth/sign-up/email", json(credentials));
  assert.equal(refused.status, 400);
  assert.deepEqual(await refused.json(), { error: { message: "Password is not allowed", code: "VALIDATION_ERROR" } });
  assert.equal((await worker.fetch("/auth/sign-up/email", json({ ...credentials, password: "qwertyuiop1" }))).status, 201);
  assert.equal((await worker.fetch("/auth/sign-in/email", json(credentials))).status, 401);
});

test("an outage is not a refusal", async () => {
  const created = await worker.fetch("/auth/sign-up/email", json({ email: "out@example.com", password: "password" }));
  const { access_token } = await created.json();
  await worker.db.exec("DROP TABLE session");
  assert.equal((await me(access_token)).status, 500);
});
