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
  return replay({ secret: "s", steps }, { fetch, sql: async () => [{ n: 1 }] });
}

test("an answer that is as expected passes", async () => {
  await outcome([STEP]);
  await outcome([{ rows: "SELECT 1 AS n", expect: [{ n: 1 }] }]);
  await outcome([...TOKEN, DECODE]);
});

test("a pattern matches its kind, and what it captures is sent on as what it is", async () => {
  const capture = { ...STEP, expect: { status: 200, body: { a: "${int:n}", b: "${uuid:id}" } } };
  const conversation = { secret: "s", steps: [capture, { request: "POST /y", body: ["${n}", "${id}!"], expect: STEP.expect }] };
  const sent = [];
  const fetch = async (_, { body }) => {
    if (body) sent.push(new TextDecoder().decode(body));
    return new Response(BODY, { headers: HEADERS });
  };
  await replay(conversation, { fetch, sql: async () => [] });
  assert.deepEqual(sent, ['[1,"77777777-7777-4777-b777-777777777777!"]']);
});

test("a token has three parts", async () => {
  const step = { request: "GET /x", expect: { status: 200, body: "${jwt}" } };
  await outcome([step], { body: '"aA0-.b_.c"' });
  for (const body of ['"a.b"', '"a.b.c.d"', '"a..c"']) await assert.rejects(outcome([step], { body }));
});

test("tables and columns have the names of the configuration", async () => {
  const asked = [];
  const sql = async (statement, values) => void asked.push([statement, values]);
  const names = { user: { model_name: "order", fields: { id: "key" } } };
  const steps = [
    { sql: "UPDATE {users} SET {users.email} = ? WHERE {users.id} = ?", values: ["${secret}", 5] },
    { insert: "users", row: { id: "u", is_active: true } },
  ];
  await replay({ secret: "s", names, steps }, { sql });
  assert.deepEqual(asked, [
    ...["order", "account", "session", "verification"].map((table) => [`DELETE FROM "${table}"`, []]),
    ['UPDATE "order" SET "email" = ? WHERE "key" = ?', ["s", 5]],
    ['INSERT INTO "order" ("key", "is_active") VALUES (?, ?)', ["u", true]],
  ]);
});

for (const [what, answer] of Object.entries({
  "a line break after the body": { body: `${BODY}\n` },
  "a byte order mark before it": { body: `\ufeff${BODY}` },
  "a blank in it": { body: BODY.replace(":", ": ") },
  "another order of keys": { body: '{"b":"77777777-7777-4777-b777-777777777777","a":1}' },
  "one more key": { body: BODY.replace("}", ',"c":2}') },
  "text for an integer": { body: BODY.replace("1", '"1"') },
  "a UUID of another version": { body: BODY.replace("4777", "8777") },
  "a UUID of another variant": { body: BODY.replace("b777", "7777") },
  "a UUID in upper case": { body: BODY.replace("b777", "B777") },
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
  "an expectation of no meaning": [{ ...STEP, expect: { ...STEP.expect, boddy: {} } }],
  "a request with two bodies": [{ ...STEP, body: {}, text: "{}" }],
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
