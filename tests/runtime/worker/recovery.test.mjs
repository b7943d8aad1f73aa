import assert from "node:assert/strict";
import net from "node:net";
import { after, before, test } from "node:test";
import { CHEAP_HASH, json, startWorker, until } from "./harness.mjs";

let worker;
let bearer;
before(async () => {
  worker = await startWorker({ vars: CHEAP_HASH, build: "build/worker-panic" });
  const response = await signUp("recovery");
  bearer = { headers: { authorization: `Bearer ${(await response.json()).access_token}` } };
});
after(() => worker.dispose());

const signUp = (name, init) =>
  worker.fetch("/auth/sign-up/email", { ...json({ email: `${name}@example.com`, password: "password" }), ...init });
const count = (table) => worker.db.prepare(`SELECT count(*) AS n FROM ${table}`).first("n");
const INTERNAL_ERROR = '{"error":{"message":"Internal server error","code":"INTERNAL_ERROR"}}';

async function isLost(response) {
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(await response.text(), INTERNAL_ERROR);
}

for (const [path, event] of [
  ["/panic", "a panic"],
  ["/panic/later", "a panic after an await"],
  ["/panic/stack", "an overflow of the stack"],
]) {
  test(`after ${event} the next ten requests work`, async () => {
    await isLost(await worker.fetch(path));
    for (let request = 0; request < 10; request++) {
      assert.equal((await worker.fetch("/me", bearer)).status, 200);
    }
    await until(() => worker.logs.some(({ message }) => message.includes('"instance_lost"')));
  });
}

test("requests beside a panic are answered: as they should be, or as lost", async () => {
  const beside = Array.from({ length: 20 }, () => worker.fetch("/me", bearer));
  const answers = await Promise.all([worker.fetch("/panic"), ...beside]);
  await isLost(answers[0]);
  for (const answer of answers.slice(1)) {
    if (answer.status !== 200) await isLost(answer);
  }
  assert.equal((await worker.fetch("/me", bearer)).status, 200);
});

test("a burst of requests that are given up wedges nothing and leaves nothing half done", async () => {
  const burst = Array.from({ length: 100 }, async (_, index) => {
    const controller = new AbortController();
    const response = signUp(`burst-${index}`, { signal: controller.signal });
    setTimeout(() => controller.abort(), index % 25);
    await response.catch((error) => assert.equal(error.name, "AbortError"));
  });
  await Promise.all(burst);
  for (let request = 0; request < 10; request++) {
    assert.equal((await signUp(`after-${request}`)).status, 201);
  }
  const users = await count("users");
  assert.equal(await count("account"), users);
  assert.equal(await count("session"), users);
});

test("uploads that break off in the middle wedge nothing", async () => {
  const uploads = Array.from({ length: 50 }, () => {
    return new Promise((resolve) => {
      const socket = net.connect(Number(worker.url.port), worker.url.hostname);
      socket.on("error", resolve).on("close", resolve);
      const head = "POST /auth/sign-up/email HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
      socket.write(`${head}{"email":"half@example.com",`, () => setTimeout(() => socket.destroy(), 20));
    });
  });
  await Promise.all(uploads);
  for (let request = 0; request < 10; request++) {
    assert.equal((await worker.fetch("/me", bearer)).status, 200);
  }
});
