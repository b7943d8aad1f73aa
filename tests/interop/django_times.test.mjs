// What docs/migrating-from-python.md says of Django with a TIME_ZONE other than UTC: when the sessions end that Python opens,
// and those that are opened here.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { claims, somebody, succeeded } from "./client.mjs";
import { stopDatabases } from "./databases.mjs";
import { startPair } from "./pair.mjs";
import { npmOnMariaDb, npmOnPostgres, npmOnSqlite } from "./sides/npm.mjs";

after(stopDatabases);

const TIME_ZONE = "Asia/Tokyo";
/** By how many hours the row of a session of Python ends before its token does, in that zone. */
const EARLY = [
  { side: npmOnSqlite, USE_TZ: false, hours: 0 },
  { side: npmOnSqlite, USE_TZ: true, hours: 9 },
  { side: npmOnPostgres, USE_TZ: false, hours: 9 },
  { side: npmOnPostgres, USE_TZ: true, hours: 9 },
  { side: npmOnMariaDb, USE_TZ: false, hours: 0 },
  { side: npmOnMariaDb, USE_TZ: true, hours: 9 },
];

for (const { side, USE_TZ, hours } of EARLY) {
  const zone = JSON.stringify({ TIME_ZONE, USE_TZ });
  test(`a session of Django with ${zone} ends ${hours} hours early until it is refreshed by ${side.name}`, async () => {
    await withPair(side, USE_TZ, async ({ python, ours }) => {
      const { email, password } = somebody();
      const theirs = succeeded(await python.signUp(email, password));
      assert.equal(await hoursEarly(python, theirs), hours);
      const answer = succeeded(await ours.refresh(theirs.refresh_token));
      assert.equal(await hoursEarly(python, answer), 0);
    });
  });
}

test("a session that was opened here ends nine hours late at Python, without USE_TZ on PostgreSQL", async () => {
  await withPair(npmOnPostgres, false, async ({ python, ours }) => {
    const { email, password } = somebody();
    const { user } = succeeded(await ours.signUp(email, password));
    for (const [hours, status] of [[-8, 200], [-10, 401]]) {
      const { refresh_token } = succeeded(await ours.signIn(email, password));
      const update = "UPDATE {session} SET {session.expires_at} = ? WHERE {session.user_id} = ?";
      await python.sql(update, [inHours(hours), user.id]);
      assert.equal((await python.refresh(refresh_token)).status, status);
    }
  });
});

async function withPair(side, USE_TZ, use) {
  const pair = await startPair(side, "Django", { django: { TIME_ZONE, USE_TZ } });
  try {
    await use(pair);
  } finally {
    await pair.stop();
  }
}

/** How long before its token the row of a session ends, to the hour. */
async function hoursEarly(python, { refresh_token }) {
  const { jti, exp } = claims(refresh_token);
  const select = "SELECT {session.expires_at} AS expires_at FROM {session} WHERE {session.token} = ?";
  const [{ expires_at }] = await python.sql(select, [jti]);
  const ends = Date.parse(`${expires_at.slice(0, 19).replace(" ", "T")}Z`) / 1_000;
  // No negative zero.
  return Math.round((exp - ends) / 3_600) + 0;
}

function inHours(hours) {
  return new Date(Date.now() + hours * 3_600_000).toISOString().replace("T", " ").replace("Z", "000");
}
