// The engine itself: a conversation over an answer that is wrong in one point must fail.

import assert from "node:assert/strict";
import { test } from "node:test";
import { replay } from "./wire.mjs";

const BODY = '{"a":1,"b":"77777777-7777-4777-b777-777777777777"}';
const HEADERS = { "Content-Type": "application/json", "Cache-Control": "no-store" };
const STEP = { request: "GET /x", expect: { status: 200, body: { a: "${int}", b: "${uuid}" } } };
const TOKEN = [{ mint: "t", claims: { iat: "${now}", exp: "${now+5}" } }];
const DECODE = { decode: "${t}", claims: { iat: "${int}", exp: "${int}" }, lifetime: 5, fresh: true };

/** One case over a subject that always answers the same. */
async function outcome(steps, { status = 200, body = BODY, headers = {} } = {}) {
  const fetch = async () => new Response(body, { status, headers: { ...HEADERS, ...headers } });
  const case_ = { options: { secret: "s" }, opening: [], steps };
  return replay(case_, { fetch, sql: async () => [{ n: 1 }] });
}

test("an answer that is as expected passes", async () => {
  await outcome([STEP]);
  await outcome([{ rows: "SELECT 1 AS n", expect: [{ n: 1 }] }]);
  await outcome([...TOKEN, DECODE]);
});

for (const [what, answer] of Object.entries({
  "a line break after the body": { body: `${BODY}\n` },
  "a byte order mark before it": { body: `\ufeff${BODY}` },
  "a blank in it": { body: BODY.replace(":", ": ") },
  "another order of keys": { body: '{"b":"77777777-7777-4777-b777-777777777777","a":1}' },
  "one more key": { body: BODY.replace("}", ',"c":2}') },
  "text for an integer": { body: BODY.replace("1", '"1"') },
  "a UUID of another version": { body: BODY.replace("4777", "8777") },
  "another status": { status: 201 },
  "another Cache-Control": { headers: { "Cache-Control": "no-cache" } },
  "another content type": { headers: { "Content-Type": "text/plain" } },
  "a cookie": { headers: { "Set-Cookie": "a=b" } },
  "a challenge on a 200": { headers: { "WWW-Authenticate": "Bearer" } },
  "permission for an origin that nobody expects": { headers: { "Access-Control-Allow-Origin": "*" } },
  "a Vary that nobody expects": { headers: { Vary: "Origin" } },
})) {
  test(`${what} fails`, () => assert.rejects(outcome([STEP], answer)));
}

for (const [what, steps] of Object.entries({
  "a 401 without challenge": [{ request: "GET /x", expect: { ...STEP.expect, status: 401 } }],
  "a header that is missing": [{ request: "GET /x", expect: { ...STEP.expect, headers: { Allow: "GET" } } }],
  "a body where none is expected": [{ request: "GET /x", expect: { status: 200, body: null } }],
  "a step of no kind": [{ reqest: "GET /x" }],
  "a member of no meaning": [{ ...STEP, boddy: {} }],
  "another row": [{ rows: "SELECT 1 AS n", expect: [{ n: 2 }] }],
  "a variable that is not bound": [{ sql: "${nothing}" }],
  "a token of another secret": [...TOKEN, { ...DECODE, secret: "x" }],
  "another lifetime": [...TOKEN, { ...DECODE, lifetime: 6 }],
  "a token of yesterday": [{ mint: "t", claims: { iat: "${now-86400}", exp: "${now-86395}" } }, DECODE],
  "a token of tomorrow": [{ mint: "t", claims: { iat: "${now+86400}", exp: "${now+86405}" } }, DECODE],
  "a failure inside a repetition": [{ repeat: [1], steps: [{ ...STEP, expect: { ...STEP.expect, status: 400 } }] }],
})) {
  const status = what === "a 401 without challenge" ? 401 : 200;
  test(`${what} fails`, () => assert.rejects(outcome(steps, { status })));
}
