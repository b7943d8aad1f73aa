// An application of somebody else's that mounts the routes: examples/worker-mount, examples/spin-mount.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { json } from "../requests.mjs";

/**
 * Registers the claims.
 *
 * @param {() => Promise<object>} start starts the application: `fetch`, `dispose`
 * @returns {() => object} the application, once it has started
 */
export function claimMount(start) {
  let application;
  before(async () => (application = await start()));
  after(() => application?.dispose());

  const me = (token) => application.fetch("/me", token && { headers: { authorization: `Bearer ${token}` } });
  const signUp = (body) => application.fetch("/auth/sign-up/email", json(body));

  test("it serves its own routes beside the mounted ones", async () => {
    const home = await application.fetch("/");
    assert.equal(home.status, 200);
    assert.match(await home.text(), /^Hello/);
    assert.equal((await application.fetch("/nowhere")).status, 404);
    assert.equal((await application.fetch("/auth/nowhere")).headers.get("content-type"), "application/json");
  });

  test("its own route knows the signed-in user, and refuses others in the words of the mounted routes", async () => {
    const created = await signUp({ email: "me@example.com", password: "password" });
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
    await application.fetch("/auth/sign-out", json({}, { authorization: `Bearer ${access_token}` }));
    assert.equal((await me(access_token)).status, 401, "a signed-out session is refused at once");
  });

  test("its own list refuses passwords at sign-up, and only there", async () => {
    const credentials = { email: "list@example.com", password: "QwertyUIOP" };
    const refused = await signUp(credentials);
    assert.equal(refused.status, 400);
    assert.deepEqual(await refused.json(), { error: { message: "Password is not allowed", code: "VALIDATION_ERROR" } });
    assert.equal((await signUp({ ...credentials, password: "qwertyuiop1" })).status, 201);
    assert.equal((await application.fetch("/auth/sign-in/email", json(credentials))).status, 401);
  });

  return () => application;
}
