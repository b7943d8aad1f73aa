// A purge over a database that works on the thread which answers requests.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sqlite } from "../../../js/dist/esm/driver/sqlite.js";
import { serviceOver } from "./service.mjs";

const EXPIRED = 1_000;
/** The most rows that a step may remove. */
const PAGE = 100;
const past = "2020-01-01 00:00:00.000000";

/** Over `sqlite`, with expired sessions; each batch takes some milliseconds, as on a disk. */
async function expired() {
  const file = sqlite(":memory:");
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const removed = [];
  const batch = (statements, transaction) => {
    Atomics.wait(clock, 0, 0, 15);
    const results = file.batch(statements, transaction);
    removed.push(...results.map(({ affected }) => affected));
    return results;
  };
  const { auth } = serviceOver({ ...file, batch });
  const { access_token, user } = await auth.signUp({ email: "ada@example.com", password: "password" });
  const insert = (number) => ({
    sql: "INSERT INTO session (id, created_at, updated_at, expires_at, token, user_id) VALUES (?, ?, ?, ?, ?, ?)",
    params: [`id-${number}`, past, past, past, `token-${number}`, user.id],
  });
  file.batch(Array.from({ length: EXPIRED }, (_, number) => insert(number)), { begin: ["BEGIN"] });
  removed.length = 0;
  return { auth, access_token, removed };
}

test("a purge removes what has expired in small steps, and the event loop turns between them", async () => {
  const { auth, access_token, removed } = await expired();
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  assert.equal(await auth.purge(), EXPIRED);
  isOver = true;
  assert.ok(Math.max(...removed) <= PAGE, `${removed}`);
  assert.ok(turns >= EXPIRED / PAGE - 2, `${turns} turns`);
  assert.equal((await auth.getSession(access_token)).error, undefined);
});

test("a session that is asked for while a purge goes on is answered before its end", async () => {
  const { auth, access_token } = await expired();
  let isPurged = false;
  const purge = auth.purge().then(() => (isPurged = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await auth.getSession(access_token)).error, undefined);
  assert.equal(isPurged, false);
  await purge;
});
