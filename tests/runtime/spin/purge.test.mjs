// Rows that are over go away by themselves, though Spin has no schedule.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CHEAP_HASH, DATABASES, json, startSpin, until } from "./harness.mjs";

/** One request in a few hundred starts a purge: that so many start none happens to nobody. */
const REQUESTS = 8_000;
const CLIENTS = 4;
/** Those of the other user. */
const IS_OVER = ["over-1", "over-2", "over-3"];
const LIVES = ["lives-1", "lives-2"];

for (const database of DATABASES) {
  describe(`on ${database}`, () => {
    let application;
    before(async () => (application = await startSpin({ database, options: CHEAP_HASH })));
    after(() => application?.dispose());

    const purged = () => /^\{.*"event":"purged".*\}$/m.exec(application.log)?.[0];

    test("sessions that are over are removed by requests that write, and live ones stay (R08)", async () => {
      const clients = [];
      for (let index = 0; index < CLIENTS; index++) clients.push(await signUp(`client-${index}`));
      const other = await signUp("other");
      for (const [ids, year] of [[IS_OVER, 2020], [LIVES, 2999]]) {
        for (const id of ids) await insertSession(id, other.user, `${year}-01-01 00:00:00.000000`);
      }
      const before = await application.count("session");
      let sent = 0;
      const refreshes = async ({ refresh_token }) => {
        while (!purged() && sent < REQUESTS) {
          sent += 1;
          const answer = await application.fetch("/auth/refresh", json({ refresh_token }));
          assert.equal(answer.status, 200);
          ({ refresh_token } = await answer.json());
        }
      };
      await Promise.all(clients.map(refreshes));
      const line = await until(purged);
      assert.deepEqual(JSON.parse(line), { event: "purged", sessions: IS_OVER.length });
      assert.equal(await application.count("session"), before - IS_OVER.length);
      const left = await application.sql("SELECT id FROM session WHERE user_id = ? AND ip_address IS NULL", [other.user]);
      assert.deepEqual(left.map(({ id }) => id).sort(), LIVES);
    });

    async function signUp(name) {
      const body = { email: `${name}@example.com`, password: "password" };
      const answer = await application.fetch("/auth/sign-up/email", json(body));
      assert.equal(answer.status, 201);
      const [{ id: user }] = await application.sql("SELECT id FROM users WHERE email = ?", [body.email]);
      return { ...(await answer.json()), user };
    }

    /** A session as the store writes it, without an address: that tells it from those of the service. */
    async function insertSession(id, user, expiresAt) {
      const created = "2019-12-01 00:00:00.000000";
      await application.sql(
        "INSERT INTO session (id, token, expires_at, user_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        [id, id, expiresAt, user, created, created],
      );
    }
  });
}
