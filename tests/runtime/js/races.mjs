// What must come of calls that meet, in any runtime: claims over a service on an empty database.

import assert from "node:assert/strict";

const RACERS = 50;
const CREDENTIALS = { email: "racer@example.com", password: "password" };

/**
 * From the title of a claim to what checks it. `auth` is an `Auth101` on migrated tables, `count` the number of rows of
 * a table.
 *
 * @type {Record<string, (world: { auth: object, count: (table: string) => Promise<number> }) => Promise<void>>}
 */
export const races = {
  "of fifty sign-ups of one address, one makes the user and the rest hear that it exists": async ({ auth, count }) => {
    const results = await race(() => auth.signUp(CREDENTIALS));
    const codes = results.map(({ error }) => error?.code);
    assert.equal(codes.filter((code) => code === undefined).length, 1, `${codes}`);
    assert.equal(codes.filter((code) => code === "USER_EXISTS").length, RACERS - 1, `${codes}`);
    for (const table of ["users", "account", "session"]) assert.equal(await count(table), 1, table);
  },

  "of fifty refreshes of one token, all give the same successor, and one session lives": async ({ auth, count }) => {
    const first = await auth.signUp(CREDENTIALS);
    const results = await race(() => auth.refresh(first.refresh_token));
    const successors = new Set(results.map(({ refresh_token, error }) => refresh_token ?? error.code));
    assert.equal(successors.size, 1, `${[...successors]}`);
    const [successor] = successors;
    assert.notEqual(successor, first.refresh_token);
    assert.equal((await auth.refresh(successor)).refresh_token, successor);
    assert.equal(await count("session"), 1);
  },

  "refreshes that meet revocations bring no session back": async ({ auth, count }) => {
    const first = await auth.signUp(CREDENTIALS);
    const isRefresh = (index) => index % 2 === 0;
    const results = await race((index) =>
      isRefresh(index) ? auth.refresh(first.refresh_token) : auth.revokeSession(first.refresh_token),
    );
    const refreshed = results.filter((_, index) => isRefresh(index));
    const revoked = results.filter((_, index) => !isRefresh(index));
    assert.ok(revoked.every(({ success }) => success === true), JSON.stringify(revoked));
    const tokens = refreshed.filter(({ error }) => error === undefined);
    const refusals = refreshed.filter(({ error }) => error !== undefined);
    assert.ok(refusals.every(({ error }) => error.code === "SESSION_NOT_FOUND"), JSON.stringify(refusals));
    assert.equal(await count("session"), 0);
    for (const { access_token, refresh_token } of [first, ...tokens]) {
      assert.equal((await auth.refresh(refresh_token)).error.code, "SESSION_NOT_FOUND");
      assert.equal((await auth.getSession(access_token)).error.code, "UNAUTHORIZED");
    }
  },
};

const race = (call) => Promise.all(Array.from({ length: RACERS }, (_, index) => call(index)));

/**
 * Checks a claim.
 *
 * @param {new (options: object) => object} Auth101 the class of this runtime
 * @param {import("../../../js/src/driver/database.js").Database} database empty
 */
export async function checkRace(claim, Auth101, database) {
  const auth = new Auth101(optionsOver(database));
  const { tables } = await auth.migrate();
  assert.equal(tables.length, 4);
  const count = async (table) => {
    const statement = { sql: `SELECT COUNT(*) AS n FROM ${table}`, params: [] };
    const [{ rows }] = await database.batch([statement], { begin: ["BEGIN"] });
    return Number(rows[0].n);
  };
  await claim({ auth, count });
}

/** Options with the cheapest hash there is: none of these tests is about hashing. */
export function optionsOver(database) {
  return {
    secret: "a-secret-of-the-tests-with-more-than-32-bytes",
    database,
    hashWorkers: 0,
    allowWeakArgon2: true,
    argon2Memory: 8,
    argon2Iterations: 1,
  };
}
