// Request bodies through `handler`: the cap holds while they stream, and none that stalls keeps a request waiting (R24).

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Auth101 } from "../../../js/dist/esm/entry/server.js";
import { sqlite } from "../../../js/dist/esm/driver/sqlite.js";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");
const CAP = 65_536;
/** What was told since the last test looked. */
const events = [];
const auth = new Auth101({
  secret: "a-secret-of-the-tests-with-more-than-32-bytes",
  database: sqlite(":memory:"),
  hashWorkers: 0,
  onEvent: (event) => events.push(event),
});

/** A request whose body is made as it is read, and how much of it was read. */
function streamed(chunks, { path = "/auth/sign-in/email", headers = {} } = {}) {
  const seen = { pulled: 0, cancelled: false };
  const body = new ReadableStream(
    {
      async pull(controller) {
        const chunk = chunks(seen.pulled++);
        if (chunk === undefined) controller.close();
        else controller.enqueue(await chunk);
      },
      cancel: () => void (seen.cancelled = true),
    },
    { highWaterMark: 0 },
  );
  return { request: new Request(`http://host${path}`, { method: "POST", body, headers, duplex: "half" }), seen };
}

test("a body over the cap is read no further than that, announced or not", async () => {
  const { request, seen } = streamed((index) => (index < 20 ? new Uint8Array(10_000) : undefined));
  const response = await auth.handler(request);
  assert.equal(response.status, 413);
  assert.equal((await response.json()).error.code, "PAYLOAD_TOO_LARGE");
  assert.deepEqual(seen, { pulled: 7, cancelled: true });

  const announced = streamed(() => new Uint8Array(10_000), { headers: { "content-length": String(CAP + 1) } });
  assert.equal((await auth.handler(announced.request)).status, 413);
  assert.equal(announced.seen.pulled, 0);
});

test("a body of exactly the cap is read", async () => {
  const text = JSON.stringify({ email: "ada@example.com", password: "wrong" }).padEnd(CAP);
  const { request } = streamed((index) => (index === 0 ? new TextEncoder().encode(text) : undefined));
  assert.equal((await auth.handler(request)).status, 401);
});

test("a body that stalls is given up after ten seconds, and is none", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { request, seen } = streamed(() => new Promise(() => {}), { path: "/auth/refresh" });
  let response;
  const answered = auth.handler(request).then((given) => (response = given));
  await turns();
  t.mock.timers.tick(9_999);
  await turns();
  assert.equal(response, undefined);
  t.mock.timers.tick(1);
  await answered;
  assert.equal(response.status, 400);
  assert.deepEqual(seen, { pulled: 1, cancelled: true });
});

test("a body that is cut off is none: half a request is not carried out", async () => {
  const whole = new TextEncoder().encode(JSON.stringify({ email: "ada@example.com", password: "correct horse" }));
  const { request } = streamed((index) => (index === 0 ? whole : Promise.reject(new Error("reset"))), {
    path: "/auth/sign-up/email",
  });
  const response = await auth.handler(request);
  assert.equal(response.status, 400);
  assert.equal((await auth.signIn({ email: "ada@example.com", password: "correct horse" })).error.code, "INVALID_CREDENTIALS");
});

test("bodies that no route looks at are not read", async () => {
  for (const path of ["/auth/sign-out", "/elsewhere"]) {
    const { request, seen } = streamed(() => new Uint8Array(10_000), { path });
    assert.ok([401, 404, 413].includes((await auth.handler(request)).status));
    if (path === "/elsewhere") assert.equal(seen.pulled, 0);
  }
});

test("a body that somebody has read is a mistake of the program, and no wrong password", async () => {
  events.length = 0;
  const { request } = streamed((index) => (index === 0 ? new Uint8Array(5) : undefined), { path: "/auth/sign-in/email" });
  await request.arrayBuffer();
  assert.equal((await auth.handler(request)).status, 500);
  assert.deepEqual(events.map(({ fault, subject }) => [fault, subject]), [["not_set_up", "request.body"]]);
});

test("a stream of something else than bytes is a mistake of the program, and read no further", async () => {
  for (const [what, chunk] of [["texts", "{}"], ["buffers", new ArrayBuffer(2)], ["numbers", 1]]) {
    events.length = 0;
    const { request, seen } = streamed(() => chunk);
    const response = await auth.handler(asIs(request));
    assert.equal(response.status, 500, what);
    assert.deepEqual(events.map(({ fault, subject }) => [fault, subject]), [["not_set_up", "request.body"]]);
    assert.deepEqual(seen, { pulled: 1, cancelled: true });
  }
});

/** The same with the very stream: a runtime may refuse other chunks before anybody sees them. */
function asIs({ method, url, headers, body, bodyUsed }) {
  return { method, url, headers, body, bodyUsed };
}

test("bytes of another realm are bytes, and a URL of another realm is one", async () => {
  const bytes = runInNewContext(`Uint8Array.from(${JSON.stringify([...new TextEncoder().encode('{"refresh_token":"x"}')])})`);
  const { request } = streamed((index) => (index === 0 ? bytes : undefined), { path: "/auth/refresh" });
  assert.equal((await auth.handler(asIs(request))).status, 401);
  assert.equal(auth.covers(Object.create({ pathname: "/auth/session" })), true);
});

test("a body in pieces of one byte costs its bytes, whatever buffers they are views of", async () => {
  const text = JSON.stringify({ email: "ada@example.com", password: "wrong" }).padEnd(CAP);
  const bytes = new TextEncoder().encode(text);
  const { arrayBuffers: before } = process.memoryUsage();
  let held = 0;
  const { request } = streamed((index) => {
    if (index >= bytes.length) return undefined;
    if (index === 40_000) {
      gc();
      held = process.memoryUsage().arrayBuffers - before;
    }
    // As a runtime may hand it out: one byte of a page.
    const page = new Uint8Array(16_384);
    page[0] = bytes[index];
    return page.subarray(0, 1);
  });
  assert.equal((await auth.handler(request)).status, 401);
  assert.ok(held < 10 * 1_048_576, `${held} bytes of buffers are held`);
});

test("the handler works where it is taken off its object", async () => {
  const { handler } = auth;
  assert.equal((await handler(new Request("http://localhost/auth/session"))).status, 401);
});

/** Lets everything run that waits for nothing. */
async function turns() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
