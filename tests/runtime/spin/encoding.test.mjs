// Texts of SQLite that are not UTF-8, over which Spin panics where it reads them as texts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CHEAP_HASH, json, startSpin } from "./harness.mjs";

/** "A" after a byte that no text in UTF-8 has. */
const BROKEN = "CAST(x'ff41' AS TEXT)";
const READ = "\ufffdA";

let application;
before(async () => (application = await startSpin({ options: CHEAP_HASH })));
after(() => application?.dispose());

async function signUp(name) {
  const email = `${name}@example.com`;
  const answer = await application.fetch("/auth/sign-up/email", json({ email, password: "password" }));
  assert.equal(answer.status, 201);
  const { access_token, refresh_token } = await answer.json();
  return { email, refresh_token, bearer: { headers: { authorization: `Bearer ${access_token}` } } };
}

const status = async (path, init) => (await application.fetch(path, init)).status;

test("a user with such texts is served, and so is everybody else at that time", async () => {
  const [broken, neighbour] = [await signUp("broken"), await signUp("neighbour")];
  await application.sql(`UPDATE users SET name = ${BROKEN}, image = ${BROKEN} WHERE email = ?`, [broken.email]);
  const asked = Array.from({ length: 40 }, (_, index) => status("/auth/session", (index % 2 ? broken : neighbour).bearer));
  assert.deepEqual(new Set(await Promise.all(asked)), new Set([200]));

  const answer = await application.fetch("/auth/session", broken.bearer);
  const { user } = await answer.json();
  assert.deepEqual([user.name, user.image], [READ, READ]);
  assert.equal(await status("/auth/refresh", json({ refresh_token: broken.refresh_token })), 200);
  assert.equal(await status("/auth/sign-in/email", json({ email: broken.email, password: "password" })), 200);
});

test("a password hash or an expiry that is such a text lets nobody in", async () => {
  const { email, bearer } = await signUp("unreadable");
  const { user_id } = (await application.sql("SELECT id AS user_id FROM users WHERE email = ?", [email]))[0];
  await application.sql(`UPDATE account SET password = ${BROKEN} WHERE user_id = ?`, [user_id]);
  assert.equal(await status("/auth/sign-in/email", json({ email, password: "password" })), 401);
  assert.equal(await status("/auth/session", bearer), 200);
  await application.sql(`UPDATE session SET expires_at = ${BROKEN} WHERE user_id = ?`, [user_id]);
  const refused = await application.fetch("/auth/session", bearer);
  assert.notEqual(refused.status, 200);
  // The component answers, and not Spin for an instance that is lost.
  assert.ok((await refused.json()).error.code);
});
