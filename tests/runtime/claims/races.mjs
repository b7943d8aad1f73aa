// Requests that meet.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { json } from "../requests.mjs";

const RACERS = 50;

/**
 * Registers the claims.
 *
 * @param {() => Promise<object>} start starts a service: `fetch`, `sql`, `dispose`
 */
export function claimRaces(start) {
  let service;
  before(async () => (service = await start()));
  after(() => service?.dispose());

  const post = (path, body, headers) => service.fetch(path, json(body, headers));
  const signUp = async (email) => (await read(await post("/auth/sign-up/email", { email, password: "password" }))).body;
  const rowsOf = (table, email) =>
    service.sql(
      table === "users"
        ? "SELECT id FROM users WHERE email = ?"
        : `SELECT t.id FROM ${table} t INNER JOIN users u ON u.id = t.user_id WHERE u.email = ?`,
      [email],
    );

  test("of fifty sign-ups of one address, one makes the user and the rest hear that it exists (R05)", async () => {
    const email = "racer@example.com";
    const answers = await race(() => post("/auth/sign-up/email", { email, password: "password" }));
    const created = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status, body }) => status === 400 && body.error.code === "USER_EXISTS");
    assert.equal(created.length, 1, JSON.stringify(answers.map(({ status }) => status)));
    assert.equal(refused.length, RACERS - 1);
    for (const table of ["users", "account", "session"]) {
      assert.equal((await rowsOf(table, email)).length, 1, table);
    }
  });

  test("of fifty refreshes of one token, all give the same successor, and one row lives (R02)", async () => {
    const email = "refresher@example.com";
    const first = await signUp(email);
    const answers = await race(() => post("/auth/refresh", { refresh_token: first.refresh_token }));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const successors = new Set(answers.map(({ body }) => body.refresh_token));
    assert.equal(successors.size, 1);
    assert.ok(!successors.has(first.refresh_token));
    assert.equal((await rowsOf("session", email)).length, 1);
  });

  test("of fifty sign-outs beside fifty refreshes, none leaves the session usable (R07)", async () => {
    const { access_token, refresh_token } = await signUp("leaver@example.com");
    const authorization = `Bearer ${access_token}`;
    const leave = race(() => post("/auth/sign-out", {}, { authorization }));
    const refresh = race(() => post("/auth/refresh", { refresh_token }));
    const answers = (await Promise.all([leave, refresh])).flat();
    assert.deepEqual(answers.filter(({ status }) => status >= 500), []);
    assert.equal((await post("/auth/refresh", { refresh_token })).status, 401);
    assert.equal((await service.fetch("/auth/session", { headers: { authorization } })).status, 401);
  });
}

const read = async (response) => ({ status: response.status, body: await response.json() });
const race = (send) => Promise.all(Array.from({ length: RACERS }, async () => read(await send())));
