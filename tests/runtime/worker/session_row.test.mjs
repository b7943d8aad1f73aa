import assert from "node:assert/strict";
import http from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { CHEAP_HASH, json, startWorker, until } from "./harness.mjs";

let worker;
before(async () => (worker = await startWorker({ vars: { ...CHEAP_HASH, AUTH_SESSION_ABSOLUTE_LIFETIME: 60 } })));
after(() => worker.dispose());
beforeEach(async () => worker.db.batch(["users", "account", "session"].map((t) => worker.db.prepare(`DELETE FROM ${t}`))));

const credentials = { email: "row@example.com", password: "password" };
const sessions = async () => (await worker.db.prepare("SELECT * FROM session").all()).results;

test("the row holds the address that the platform vouches for, and the user agent", async () => {
  const headers = { "cf-connecting-ip": "2001:db8::1", "x-forwarded-for": "192.0.2.66", "user-agent": "Agent/1" };
  const init = json(credentials, headers);
  assert.equal((await worker.fetch("/auth/sign-up/email", init)).status, 201);
  const [row] = await sessions();
  assert.equal(row.ip_address, "2001:db8::1");
  assert.equal(row.user_agent, "Agent/1");
});

test("two Authorization headers are none", async () => {
  const response = await worker.fetch("/auth/sign-up/email", json(credentials));
  const { access_token } = await response.json();
  const ask = (authorization) =>
    new Promise((resolve, reject) => {
      const url = new URL("/auth/session", worker.url);
      http.get(url, { headers: { authorization } }, (answer) => resolve(answer.resume().statusCode)).on("error", reject);
    });
  assert.equal(await ask(`Bearer ${access_token}`), 200);
  assert.equal(await ask([`Bearer ${access_token}`, `Bearer ${access_token}`]), 401);
});

test("the schedule removes the sessions that are over and no other", async () => {
  await worker.fetch("/auth/sign-up/email", json(credentials));
  const [live] = await sessions();
  const at = (seconds) => new Date(Date.now() + seconds * 1_000).toISOString().replace("T", " ").replace("Z", "000");
  const insert = worker.db.prepare(
    "INSERT INTO session (id, token, user_id, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const rows = [
    ["expired", at(-1), at(-600)],
    ["expired-yesterday", at(-86_400), at(-90_000)],
    ["too-old", at(3_600), at(-3_601)],
    ["nearly-expired", at(60), at(-600)],
    ["nearly-too-old", at(3_600), at(-3_500)],
  ];
  await worker.db.batch(rows.map(([id, expires, born]) => insert.bind(id, id, live.user_id, expires, born, born)));
  worker.logs.length = 0;
  assert.equal((await worker.scheduled()).outcome, "ok");
  const left = (await sessions()).map(({ id }) => id).sort();
  assert.deepEqual(left, [live.id, "nearly-expired", "nearly-too-old"].sort());
  await until(() => worker.logs.some(({ message }) => message === '{"event":"purged","sessions":3}'));
});
