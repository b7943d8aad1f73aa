import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CHEAP_HASH, json, startWorker } from "./harness.mjs";

const RACERS = 50;
let worker;
before(async () => (worker = await startWorker({ vars: CHEAP_HASH })));
after(() => worker.dispose());

const race = (send) => Promise.all(Array.from({ length: RACERS }, async () => read(await send())));
const read = async (response) => ({ status: response.status, body: await response.json() });
const count = (table) => worker.db.prepare(`SELECT count(*) AS n FROM ${table}`).first("n");

test("of fifty sign-ups of one address, one makes the user and the rest hear that it exists", async () => {
  const request = () => worker.fetch("/auth/sign-up/email", json({ email: "racer@example.com", password: "password" }));
  const answers = await race(request);
  const created = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status, body }) => status === 400 && body.error.code === "USER_EXISTS");
  assert.equal(created.length, 1);
  assert.equal(refused.length, RACERS - 1);
  for (const table of ["users", "account", "session"]) assert.equal(await count(table), 1, table);
});

test("of fifty refreshes of one token, all give the same successor", async () => {
  const request = json({ email: "refresher@example.com", password: "password" });
  const { body: first } = await read(await worker.fetch("/auth/sign-up/email", request));
  const rows = await count("session");
  const answers = await race(() => worker.fetch("/auth/refresh", json({ refresh_token: first.refresh_token })));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  const successors = new Set(answers.map(({ body }) => body.refresh_token));
  assert.equal(successors.size, 1);
  assert.ok(!successors.has(first.refresh_token));
  assert.equal(await count("session"), rows);
});
