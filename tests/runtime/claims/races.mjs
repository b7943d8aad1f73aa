// Requests that meet: what must come of them on any host and over any database. tests/runtime/claims/race_tests.mjs makes
// tests of it where there is a test runner.

import assert from "node:assert/strict";
import { json } from "../requests.mjs";

const RACERS = 50;

/**
 * From the title of a claim to what checks it over a service: `fetch(path, init)`, and `sql(statement)` for its rows. Each
 * claim has a user of its own.
 *
 * @type {Record<string, (service: { fetch: Function, sql: Function }) => Promise<void>>}
 */
export const races = {
  "of fifty sign-ups of one address, one makes the user and the rest hear that it exists (R05)": async (service) => {
    const email = "racer@example.com";
    const answers = await race(() => signUp(service, email));
    const created = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status, body }) => status === 400 && body.error.code === "USER_EXISTS");
    assert.equal(created.length, 1, JSON.stringify(answers.map(({ status }) => status)));
    assert.equal(refused.length, RACERS - 1);
    for (const table of ["users", "account", "session"]) {
      assert.equal((await rowsOf(service, table, email)).length, 1, table);
    }
  },

  "of fifty refreshes of one token, all give the same successor, and one row lives (R02)": async (service) => {
    const email = "refresher@example.com";
    const { refresh_token } = (await signUp(service, email)).body;
    const answers = await race(() => post(service, "/auth/refresh", { refresh_token }));
    const successors = new Set(answers.map(({ status, body }) => (status === 200 ? body.refresh_token : status)));
    assert.equal(successors.size, 1, `${[...successors]}`);
    const [successor] = successors;
    assert.notEqual(successor, refresh_token);
    assert.equal((await post(service, "/auth/refresh", { refresh_token: successor })).body.refresh_token, successor);
    assert.equal((await rowsOf(service, "session", email)).length, 1);
  },

  "of fifty sign-outs and revocations beside fifty refreshes, none leaves the session usable (R07)": async (service) => {
    const email = "leaver@example.com";
    const first = (await signUp(service, email)).body;
    const { refresh_token } = first;
    const bearer = (token) => ({ authorization: `Bearer ${token}` });
    const leave = race((index) =>
      index % 2 === 0
        ? post(service, "/auth/sign-out", {}, bearer(first.access_token))
        : post(service, "/auth/revoke", { refresh_token }),
    );
    const refreshed = await race(() => post(service, "/auth/refresh", { refresh_token }));
    for (const { status, body } of await leave) assert.deepEqual([status, body], [200, { success: true }]);
    for (const { status, body } of refreshed) {
      assert.ok(status === 200 || body.error.code === "SESSION_NOT_FOUND", JSON.stringify(body));
    }
    assert.deepEqual(await rowsOf(service, "session", email), []);
    for (const tokens of [first, ...refreshed.filter(({ status }) => status === 200).map(({ body }) => body)]) {
      assert.equal((await post(service, "/auth/refresh", { refresh_token: tokens.refresh_token })).status, 401);
      assert.equal((await service.fetch("/auth/session", { headers: bearer(tokens.access_token) })).status, 401);
    }
  },
};

const race = (send) => Promise.all(Array.from({ length: RACERS }, (_, index) => send(index)));

/** How long an outage may last before it is no longer that of a busy machine, in milliseconds. */
const HANGS_AFTER = 60_000;

/** Asks again after a 503, as a client would: a busy machine could not answer in time. An outage that lasts is the answer. */
async function post(service, path, body, headers) {
  for (const until = Date.now() + HANGS_AFTER; ; ) {
    const response = await service.fetch(path, json(body, headers));
    const answer = { status: response.status, body: await response.json() };
    if (answer.status !== 503 || Date.now() > until) return answer;
  }
}

const signUp = (service, email) => post(service, "/auth/sign-up/email", { email, password: "password" });

const rowsOf = (service, table, email) =>
  service.sql(
    table === "users"
      ? `SELECT id FROM users WHERE email = '${email}'`
      : `SELECT t.id FROM ${table} t INNER JOIN users u ON u.id = t.user_id WHERE u.email = '${email}'`,
  );
