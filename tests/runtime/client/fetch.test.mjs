// `auth.fetch`: where the token goes, what is repeated, and what an abort ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ADA, answer, deferred, open, refusal, Service, settle, stored } from "./service.mjs";

const API = "https://auth.example.com/api/notes";
const BEA = { ...ADA, id: "5a1f8c1e-0000-4000-8000-000000000002" };

/** A service whose API accepts every access token but the given one. */
function serviceThatRefuses(session) {
  const service = new Service();
  service.answers[API] = ({ authorization }) =>
    authorization === `Bearer ${session.access_token}` ? answer(401, { no: true }) : answer(200, { yes: true });
  return service;
}

test("the token goes to the origin of the service and to no other", async () => {
  const service = new Service();
  const session = stored(service.tokens());
  const { auth } = open(service, { session });
  const bearer = `Bearer ${session.access_token}`;
  for (const [url, expected] of [
    [API, bearer],
    ["https://auth.example.com:443/api", bearer],
    ["http://auth.example.com/api", null],
    ["https://auth.example.com:8443/api", null],
    ["https://auth.example.com.evil.example/", null],
    ["https://auth.example.com@evil.example/", null],
    ["https://evil.example/?https://auth.example.com", null],
  ]) {
    for (const input of url.includes("@") ? [] : [url, new URL(url), new Request(url)]) {
      await auth.fetch(input);
      assert.equal(service.requests.at(-1).authorization, expected, url);
    }
    if (url.includes("@")) await assert.rejects(auth.fetch(url), TypeError);
  }
});

test("origins that the application names get it, and then the one of the service only if it is named", async () => {
  const service = new Service();
  const { auth } = open(service, { session: stored(service.tokens()), origins: ["https://api.example.com"] });
  await auth.fetch("https://api.example.com/notes");
  assert.ok(service.requests.at(-1).authorization);
  await auth.fetch(API);
  assert.equal(service.requests.at(-1).authorization, null);
});

test("a relative address is of the page that asks", async () => {
  const service = new Service();
  const session = stored(service.tokens());
  for (const [baseURI, isSent] of [
    ["https://auth.example.com/index.html", true],
    ["https://www.example.com/index.html", false],
  ]) {
    const page = { document: { baseURI }, fetch: (input, init) => service.fetch(new URL(input, baseURI), init) };
    const { auth } = open(service, { session, globals: page });
    await auth.fetch("/api/notes");
    assert.equal(service.requests.at(-1).authorization !== null, isSent, baseURI);
  }
});

test("headers of the caller stay, and an Authorization of its own is left alone", async () => {
  const service = new Service();
  const session = stored(service.tokens());
  const { auth } = open(service, { session });
  const seen = [];
  const recording = { fetch: (input, init) => (seen.push(new Request(input, init).headers), answer(401, {})) };
  const { auth: own } = open(recording, { session });
  await own.fetch(API, { headers: { "X-Trace": "7", Authorization: "Basic YTpi" } });
  assert.equal(seen.length, 1, "and it is not repeated");
  assert.equal(seen[0].get("authorization"), "Basic YTpi");
  assert.equal(seen[0].get("x-trace"), "7");
  await auth.fetch(new Request(API, { headers: { Authorization: "Basic YTpi" } }));
  assert.equal(service.requests.at(-1).authorization, "Basic YTpi");
  await auth.fetch(new Request(API, { headers: { "X-Trace": "7" } }), { method: "DELETE" });
  assert.equal(service.requests.at(-1).method, "DELETE");
  assert.equal(service.requests.at(-1).authorization, `Bearer ${session.access_token}`);
});

test("a request that is refused goes once more with a renewed token, and its body with it", async () => {
  const form = new FormData();
  form.set("note", "hello");
  const bodies = {
    text: () => [API, { method: "POST", body: "hello" }],
    bytes: () => [API, { method: "POST", body: new TextEncoder().encode("hello") }],
    blob: () => [API, { method: "POST", body: new Blob(["hello"]) }],
    "a form": () => [API, { method: "POST", body: form }],
    "a request": () => [new Request(API, { method: "POST", body: "hello" })],
    "a request with a stream": () => [
      new Request(API, { method: "POST", body: new Blob(["hello"]).stream(), duplex: "half" }),
    ],
    nothing: () => [API],
  };
  for (const [what, request] of Object.entries(bodies)) {
    const session = stored(new Service().tokens());
    const service = serviceThatRefuses(session);
    service.tokens();
    const { auth } = open(service, { session });
    assert.equal((await auth.fetch(...request())).status, 200, what);
    const [first, second] = service.to(API);
    // The boundary of a form is another one each time.
    const plain = (text) => text.replaceAll(/formdata-undici-\d+/g, "boundary");
    assert.equal(plain(second.body), plain(first.body), what);
    assert.equal(first.body.includes("hello"), what !== "nothing");
    assert.equal(service.to("/refresh").length, 1, what);
  }
});

test("a second refusal is the answer, and so is the first one where a body was used up", async () => {
  const service = new Service();
  service.answers[API] = () => answer(401, { no: true });
  const { auth } = open(service, { session: stored(service.tokens()) });
  assert.deepEqual(await (await auth.fetch(API)).json(), { no: true });
  assert.equal(service.to(API).length, 2);
  async function* chunks() {
    yield new TextEncoder().encode("hello");
  }
  for (const body of [new Blob(["hello"]).stream(), chunks()]) {
    service.requests.length = 0;
    const response = await auth.fetch(API, { method: "POST", body, duplex: "half" });
    assert.equal(response.status, 401);
    assert.deepEqual(service.requests.map(({ path }) => path), [API]);
  }
});

test("a token that another page has renewed already is taken without asking the service", async () => {
  const session = stored(new Service().tokens());
  const service = serviceThatRefuses(session);
  service.tokens();
  const { auth, storage } = open(service, { session });
  const newer = stored(service.tokens());
  const refuse = service.answers[API];
  service.answers[API] = (request) => {
    if (storage.get() === session) storage.set(newer);
    return refuse(request);
  };
  assert.equal((await auth.fetch(API)).status, 200);
  assert.equal(service.to("/refresh").length, 0);
});

test("a request of one user is not repeated as another user", async () => {
  const session = stored(new Service().tokens());
  const service = serviceThatRefuses(session);
  const { auth, storage } = open(service, { session });
  service.answers[API] = () => {
    storage.set(stored(service.tokens({ user: BEA, sid: "session-2" })));
    return answer(401, { no: true });
  };
  const response = await auth.fetch(API, { method: "DELETE" });
  assert.equal(response.status, 401);
  assert.deepEqual(await response.json(), { no: true });
  assert.equal(service.to(API).length, 1);
});

test("signed out, a request goes without a token; with one that cannot be renewed now, it fails like a network", async () => {
  const service = new Service();
  const { auth, storage } = open(service);
  await auth.fetch(API);
  assert.equal(service.requests.at(-1).authorization, null);
  storage.set(stored(service.tokens(), { expired: true }));
  service.answers["/refresh"] = () => refusal(429, "RATE_LIMITED");
  await assert.rejects(auth.fetch(API), (error) => {
    assert.ok(error instanceof TypeError);
    assert.equal(error.cause.code, "RATE_LIMITED");
    return true;
  });
  assert.equal(service.to(API).length, 1);
  service.answers["/refresh"] = () => refusal(401, "SESSION_NOT_FOUND");
  await auth.fetch(API);
  assert.equal(service.requests.at(-1).authorization, null);
});

test("the first answer stays where the token cannot be renewed", async () => {
  const service = new Service();
  service.answers[API] = () => answer(401, { no: true });
  for (const code of ["RATE_LIMITED", "SESSION_NOT_FOUND"]) {
    service.answers["/refresh"] = () => refusal(401, code);
    const { auth } = open(service, { session: stored(service.tokens()) });
    assert.deepEqual(await (await auth.fetch(API)).json(), { no: true });
  }
});

test("an abort ends the request at once and leaves the refresh to those who wait for it too", async () => {
  const service = new Service();
  const { auth } = open(service, { session: stored(service.tokens(), { expired: true }) });
  const refresh = deferred();
  service.answers["/refresh"] = () => refresh.promise;
  const controller = new AbortController();
  const aborted = auth.fetch(API, { signal: controller.signal });
  const abortedRequest = auth.fetch(new Request(API, { signal: controller.signal }));
  const patient = auth.fetch(API);
  const token = auth.accessToken();
  await settle();
  controller.abort(new Error("the user left"));
  await assert.rejects(aborted, /the user left/);
  await assert.rejects(abortedRequest, /the user left/);
  await assert.rejects(auth.fetch(API, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  refresh.resolve(answer(200, service.tokens()));
  assert.equal((await patient).status, 200);
  assert.ok((await token).access_token);
  assert.equal(service.to("/refresh").length, 1);
  assert.equal(service.to(API).length, 1);
});

test("a request in the place of the init says what it says to the platform's fetch", async () => {
  const session = stored(new Service().tokens());
  const service = serviceThatRefuses(session);
  service.tokens();
  const { auth } = open(service, { session });
  const init = new Request("https://elsewhere.example", { method: "PUT", body: "a note", headers: { "x-of": "init" } });
  assert.equal((await auth.fetch(API, init)).status, 200);
  const sent = service.to(API).map(({ method, body }) => [method, body]);
  assert.deepEqual(sent, [["PUT", "a note"], ["PUT", "a note"]], "and the second time as well");
});

test("a storage that fails rejects as a network does, or leaves the answer that is there", async () => {
  const service = new Service();
  const { page } = open(service);
  const storage = page.memoryStorage();
  let fails = true;
  const fragile = { ...storage, get: () => { if (fails) throw new Error("locked"); return storage.get(); } };
  const { auth } = open(service, { storage: fragile });
  await assert.rejects(auth.fetch(API), (error) => {
    assert.ok(error instanceof TypeError);
    assert.equal(error.cause.code, "STORAGE_ERROR");
    return true;
  });
  assert.equal(service.requests.length, 0);
  fails = false;
  storage.set(stored(service.tokens()));
  service.answers[API] = () => ((fails = true), answer(401, { no: true }));
  const response = await auth.fetch(API);
  assert.deepEqual([response.status, await response.json()], [401, { no: true }]);
});

test("the methods work apart from the client", async () => {
  const service = new Service();
  const { fetch, getSession } = open(service, { session: stored(service.tokens()) }).auth;
  assert.equal((await fetch(API)).status, 200);
  assert.deepEqual(await getSession(), { user: ADA });
});
