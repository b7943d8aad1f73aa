// What a step leaves behind when the host dies, or the instance, before any one of its statements.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHEAP_HASH, DATABASES, json, startSpin, until } from "./harness.mjs";

const TABLES = ["users", "account", "session"];
const first = json({ email: "first@example.com", password: "password" });
const second = json({ email: "second@example.com", password: "password" });
const struck = (application) => application.log.includes("fault before statement");

/** More than any step has statements. */
const STATEMENTS = 40;

/** How many rows each table has, once the database has taken back what nobody ended. */
async function counts(application) {
  return Promise.all(TABLES.map((table) => application.count(table)));
}

for (const database of DATABASES) {
  describe(`on ${database}`, () => {
    test("wherever the host is killed in a sign-up, there is all of it or nothing (R01)", async () => {
      // The tables are there: a fault strikes the sign-up alone.
      const prepared = await startSpin({ database, options: CHEAP_HASH });
      try {
        assert.equal((await prepared.fetch("/auth/sign-up/email", first)).status, 201);
        await prepared.kill();
        let statement = 0;
        let seen = 0;
        for (;;) {
          statement += 1;
          const faults = [`pause:${statement}`];
          const application = await startSpin({ database, options: CHEAP_HASH, faults, on: prepared });
          const answer = application.fetch("/auth/sign-up/email", second).catch(() => undefined);
          const ended = await Promise.race([until(() => struck(application), 60_000).then(() => "struck"), answer]);
          await application.kill();
          await application.database.close();
          if (ended !== "struck") {
            assert.equal(ended?.status, 201, "a sign-up that no fault strikes works");
            break;
          }
          seen += 1;
          await answer;
          const rows = await until(async () => {
            const rows = await counts(prepared);
            return new Set(rows).size === 1 ? rows : undefined;
          });
          assert.deepEqual(rows, [1, 1, 1], `nothing of the sign-up is left that died before statement ${statement}`);
        }
        assert.ok(seen >= 4, `a sign-up has more than ${seen} statements`);
        assert.deepEqual(await counts(prepared), [2, 2, 2]);
      } finally {
        await prepared.dispose();
      }
    });

    test("wherever its instance is lost in a sign-up, the next request commits nothing of it (R01)", async () => {
      const prepared = await startSpin({ database, options: CHEAP_HASH });
      try {
        assert.equal((await prepared.fetch("/auth/sign-up/email", first)).status, 201);
        await prepared.kill();
        let number = 0;
        let statement = 0;
        for (;;) {
          statement += 1;
          const faults = [`trap:${statement}`];
          const application = await startSpin({ database, options: CHEAP_HASH, faults, on: prepared });
          const lost = await application.fetch("/auth/sign-up/email", second);
          if (lost.status === 201) {
            assert.ok(!struck(application));
            await application.kill();
            await application.database.close();
            break;
          }
          assert.equal(lost.status, 500);
          // What the host says may come after its answer.
          await until(() => struck(application));
          // On PostgreSQL this one gets the connection on which the transaction is still open.
          number += 1;
          const other = json({ email: `other-${number}@example.com`, password: "password" });
          assert.equal((await application.fetch("/auth/sign-up/email", other)).status, 201);
          assert.deepEqual(await counts(prepared), [1 + number, 1 + number, 1 + number], `at statement ${statement}`);
          const gone = await prepared.sql("SELECT id FROM users WHERE email = ?", ["second@example.com"]);
          assert.deepEqual(gone, []);
          await application.kill();
          await application.database.close();
        }
        assert.ok(number >= 4, `a sign-up has more than ${number} statements`);
      } finally {
        await prepared.dispose();
      }
    });

    test("wherever a refresh is lost, the token stands as before and works (R01)", () =>
      wherever(database, CHEAP_HASH, ({ email, refresh_token }) => ({
        request: ["/auth/refresh", json({ refresh_token })],
        sql: "SELECT session.token, session.updated_at FROM session, users WHERE users.id = session.user_id AND email = ?",
        email,
      })));

    test("wherever a sign-in that rehashes is lost, there is neither its session nor its hash (R01)", () =>
      wherever(database, { ...CHEAP_HASH, argon2_iterations: 2 }, ({ email }) => ({
        request: ["/auth/sign-in/email", json({ email, password: "password" })],
        sql:
          "SELECT session.id, account.password FROM session, account, users " +
          "WHERE users.id = session.user_id AND users.id = account.user_id AND email = ? ORDER BY session.id",
        email,
      })));
  });
}

/**
 * Loses the instance before each statement of a step, and in the end the host before the last one, which commits: nothing
 * may be different then. Where nothing is lost everything must be.
 *
 * @param {string} database
 * @param {object} options of the service while steps are lost; the users have signed up with the cheapest hash
 * @param {(user: object) => { request: [string, RequestInit], sql: string, email: string }} step what is sent for a user, and
 *   what reads the rows that it changes
 */
async function wherever(database, options, step) {
  const prepared = await startSpin({ database, options: CHEAP_HASH });
  const start = (faults) => startSpin({ database, options, faults, on: prepared });
  const stop = async (application) => {
    await application.kill();
    await application.database.close();
  };
  const rows = ({ sql, email }) => prepared.sql(sql, [email]);
  try {
    const [losing, killing] = [step(await signUp(prepared, "losing")), step(await signUp(prepared, "killing"))];
    await prepared.kill();

    // Each trap counts from the one before: the first request is lost before its first statement, and so on.
    const trapping = await start(Array.from({ length: STATEMENTS }, (_, index) => `trap:${index + 1}`));
    let statements = 0;
    try {
      const before = await rows(losing);
      for (;;) {
        trapping.log = "";
        const answer = await trapping.fetch(...losing.request);
        if (answer.status === 200) break;
        assert.equal(answer.status, 500);
        statements += 1;
        await until(() => trapping.log.includes(`fault before statement ${statements}\n`));
        assert.deepEqual(await rows(losing), before, `something is left that was lost before statement ${statements}`);
      }
      assert.ok(statements >= 5, `the step has more than ${statements} statements`);
      assert.notDeepEqual(await rows(losing), before);
    } finally {
      await stop(trapping);
    }

    const pausing = await start([`pause:${statements}`]);
    try {
      const before = await rows(killing);
      const answer = pausing.fetch(...killing.request).catch(() => undefined);
      await until(() => struck(pausing), 60_000);
      await pausing.kill();
      await answer;
      assert.deepEqual(await rows(killing), before, "something is left that was lost before the commit");
    } finally {
      await stop(pausing);
    }
  } finally {
    await prepared.dispose();
  }
}

/** Signs up, and gives the address and the tokens. */
async function signUp(application, name) {
  const email = `${name}@example.com`;
  const answer = await application.fetch("/auth/sign-up/email", json({ email, password: "password" }));
  assert.equal(answer.status, 201);
  return { email, ...(await answer.json()) };
}
