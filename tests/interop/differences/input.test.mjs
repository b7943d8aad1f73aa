// Where requests are answered otherwise than by the Python package on purpose: each test shows what Python does and what
// is done here.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { refused, somebody, succeeded } from "../client.mjs";
import { startPair } from "../pair.mjs";
import { worker } from "../sides/worker.mjs";

const pairs = {};
before(async () => {
  for (const framework of ["FastAPI", "Flask", "Django"]) pairs[framework] = await startPair(worker, framework);
});
after(async () => {
  for (const pair of Object.values(pairs)) await pair.stop();
});

const SIGN_UP = "/auth/sign-up/email";
const SIGN_IN = "/auth/sign-in/email";

/** A body as it stands. */
const send = (side, path, body, type = "application/json") =>
  side.request(path, { method: "POST", body, headers: { "content-type": type } });

test("an address is checked at sign-up", async () => {
  const { python, ours } = pairs.Flask;
  const { password } = somebody();
  for (const email of ["not an address", "a@b@c", "a\0b@example.com", `${"a".repeat(300)}@example.com`]) {
    const answer = await ours.signUp(email, password);
    refused(answer, "400 VALIDATION_ERROR");
    assert.equal(answer.body.error.message, "Invalid email address");
    succeeded(await python.signUp(email, password));
    // Nobody who has one already is locked out.
    succeeded(await ours.signIn(email, password));
  }
});

test("hostile JSON is refused and not an error of the server", async () => {
  const cases = [
    [SIGN_UP, '{"email":5,"password":"password"}', "400 VALIDATION_ERROR"],
    [SIGN_IN, '{"email":true,"password":"password"}', "401 INVALID_CREDENTIALS"],
    [SIGN_UP, '["a@example.com"]', "400 VALIDATION_ERROR"],
    [SIGN_IN, '"text"', "401 INVALID_CREDENTIALS"],
    [SIGN_IN, '{"email":"\\ud800@example.com","password":"password"}', "401 INVALID_CREDENTIALS"],
    ["/auth/refresh", '["a"]', "400 VALIDATION_ERROR"],
    ["/auth/revoke", '{"refresh_token":"\\ud800"}', "401 INVALID_TOKEN"],
  ];
  for (const framework of ["Flask", "Django"]) {
    const { python, ours } = pairs[framework];
    for (const [path, body, expected] of cases) {
      assert.equal((await send(python, path, body)).status, 500, body);
      refused(await send(ours, path, body), expected);
    }
  }
});

test("a sign-up that fails leaves no user behind", async () => {
  const { python, ours } = pairs.Flask;
  for (const [index, password] of ["5", '"\\ud800"', `"${"x".repeat(4_097)}"`].entries()) {
    const body = (whose) => `{"email":"${whose}-left-${index}@example.com","password":${password}}`;
    assert.equal((await send(python, SIGN_UP, body("python"))).status, 500);
    refused(await python.signUp(`python-left-${index}@example.com`, "password"), "400 USER_EXISTS");
    refused(await send(ours, SIGN_UP, body("our")), "400 VALIDATION_ERROR");
    succeeded(await ours.signUp(`our-left-${index}@example.com`, "password"));
  }
});

test("what was sent is never echoed", async () => {
  const { python, ours } = pairs.FastAPI;
  const body = '{"password":"a marker that nobody may see"}';
  const [theirs, own] = [await send(python, SIGN_UP, body), await send(ours, SIGN_UP, body)];
  assert.equal(theirs.status, 422);
  assert.deepEqual(theirs.body.detail[0].input, JSON.parse(body));
  assert.equal(own.status, 422);
  assert.ok(!own.text.includes("marker"));
  const expected = theirs.body.detail.map(({ type, loc, msg }) => ({ type, loc, msg }));
  assert.deepEqual(own.body.detail, expected);
});

test("a slash too many is another path", async () => {
  const { FastAPI, Flask } = pairs;
  assert.equal((await FastAPI.python.request("/auth/session/")).status, 307);
  assert.equal((await FastAPI.ours.request("/auth/session/")).status, 404);
  assert.equal((await Flask.python.request("/auth//session")).status, 308);
  assert.equal((await Flask.ours.request("/auth//session")).status, 404);
});

test("an unknown path and a wrong method are answered in JSON", async () => {
  for (const framework of ["Flask", "Django"]) {
    const { python, ours } = pairs[framework];
    for (const [path, expected] of [["/auth/elsewhere", "404 NOT_FOUND"], [SIGN_IN, "405 METHOD_NOT_ALLOWED"]]) {
      const theirs = await python.request(path);
      assert.equal(theirs.body, undefined);
      assert.equal(`${theirs.status}`, expected.slice(0, 3));
      refused(await ours.request(path), expected);
    }
  }
});

test("OPTIONS is answered with 204", async () => {
  const options = (side) => side.request("/auth/session", { method: "OPTIONS" });
  for (const framework of ["Flask", "Django"]) {
    const { python, ours } = pairs[framework];
    const [theirs, own] = [await options(python), await options(ours)];
    assert.equal(theirs.status, 200);
    assert.match(theirs.headers.get("allow"), /GET/);
    assert.equal(own.status, 204);
    assert.match(own.headers.get("allow"), /GET/);
  }
  // In the style of FastAPI both refuse it.
  assert.equal((await options(pairs.FastAPI.python)).status, 405);
  assert.equal((await options(pairs.FastAPI.ours)).status, 405);
});

test("json_invalid comes without its place", async () => {
  const { python, ours } = pairs.FastAPI;
  const [theirs, own] = [await send(python, SIGN_IN, '{"email":'), await send(ours, SIGN_IN, '{"email":')];
  const [{ type, msg, loc, ctx }] = theirs.body.detail;
  assert.deepEqual({ type, msg, loc }, { type: "json_invalid", msg: "JSON decode error", loc: ["body", 9] });
  assert.ok(ctx.error);
  assert.deepEqual(own.body.detail, [{ type, loc: ["body", 0], msg }]);
});

test("the scheme of Authorization is taken in any case", async () => {
  const { python, ours } = pairs.Flask;
  const { email, password } = somebody();
  const { access_token } = succeeded(await python.signUp(email, password));
  const headers = { authorization: `bearer ${access_token}` };
  assert.equal((await python.request("/auth/session", { headers })).status, 401);
  assert.equal((await ours.request("/auth/session", { headers })).status, 200);
});

test("answers forbid caches and name the challenge", async () => {
  for (const { python, ours } of Object.values(pairs)) {
    const [theirs, own] = [await python.request("/auth/session"), await ours.request("/auth/session")];
    assert.equal(theirs.status, 401);
    assert.equal(theirs.headers.get("cache-control"), null);
    assert.equal(theirs.headers.get("www-authenticate"), null);
    assert.equal(own.status, 401);
    assert.equal(own.headers.get("cache-control"), "no-store");
    assert.equal(own.headers.get("www-authenticate"), "Bearer");
  }
});

test("a body over 64 KiB is refused", async () => {
  const { python, ours } = pairs.Flask;
  const body = (email) => JSON.stringify({ email, password: "password", padding: "x".repeat(70_000) });
  succeeded(await send(python, SIGN_UP, body("large@example.com")));
  refused(await send(ours, SIGN_UP, body("larger@example.com")), "413 PAYLOAD_TOO_LARGE");
});
