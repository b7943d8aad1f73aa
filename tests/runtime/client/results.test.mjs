// What the calls resolve to: the answers of the service as they are, and every failure as a result.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ADA, answer, BASE, CREDENTIALS, deferred, open, refusal, Service, settle, stored } from "./service.mjs";

test("sign-up and sign-in resolve to the answer and store it", async () => {
  for (const [method, path] of [
    ["signUp", "/sign-up/email"],
    ["signIn", "/sign-in/email"],
  ]) {
    const service = new Service();
    const tokens = service.tokens();
    service.answers[path] = () => answer(200, tokens);
    const { auth, storage } = open(service);
    const before = Date.now();
    assert.deepEqual(await auth[method](CREDENTIALS), tokens);
    assert.deepEqual(service.requests.map(({ path, method, body }) => ({ path, method, body })), [
      { path, method: "POST", body: CREDENTIALS },
    ]);
    const { expires_at, ...rest } = storage.get();
    assert.deepEqual(rest, tokens);
    assert.ok(expires_at >= before + 3600_000 && expires_at <= Date.now() + 3600_000);
  }
});

test("a refusal of the service is the result, and nothing is stored", async () => {
  const service = new Service();
  const { auth, storage } = open(service);
  service.answers["/sign-in/email"] = () => refusal(401, "INVALID_CREDENTIALS");
  const expected = { error: { message: "Message of INVALID_CREDENTIALS", code: "INVALID_CREDENTIALS" } };
  assert.deepEqual(await auth.signIn(CREDENTIALS), expected);
  assert.equal(storage.get(), null);
});

test("the forms of FastAPI are understood", async () => {
  const service = new Service();
  const { auth } = open(service);
  const error = { message: "User already exists", code: "USER_EXISTS" };
  service.answers["/sign-up/email"] = () => answer(400, { detail: error });
  assert.deepEqual(await auth.signUp(CREDENTIALS), { error });
  service.answers["/sign-up/email"] = () => answer(422, { detail: [{ type: "missing", msg: "Field required" }] });
  assert.deepEqual(await auth.signUp({}), { error: { message: "Field required", code: "VALIDATION_ERROR" } });
});

test("what is no answer of the service is INVALID_RESPONSE", async () => {
  const nonsense = {
    "a page": () => new Response("<h1>Welcome to the hotel</h1>", { status: 200 }),
    "an empty body": () => new Response(null, { status: 200 }),
    "a user without tokens": () => answer(200, { user: ADA }),
    "tokens without a user": () => answer(200, { ...new Service().tokens(), user: null }),
    "an expiry that is no number": () => answer(200, { ...new Service().tokens(), expires_in: "60" }),
    "tokens with an error's status": () => answer(500, new Service().tokens()),
    "a code from elsewhere": () => refusal(402, "PAYMENT_REQUIRED"),
    "a code that every object has": () => refusal(400, "toString"),
    "null": () => answer(400, null),
  };
  for (const [what, respond] of Object.entries(nonsense)) {
    const service = new Service();
    service.answers["/sign-in/email"] = respond;
    const { auth, storage } = open(service);
    assert.equal((await auth.signIn(CREDENTIALS)).error?.code, "INVALID_RESPONSE", what);
    assert.equal(storage.get(), null, what);
  }
});

test("a redirect is not followed: passwords and tokens go to the service and nowhere else", async (t) => {
  const { createServer } = await import("node:http");
  const arrived = [];
  const listen = async (answer) => {
    const server = createServer(answer).listen(0, "127.0.0.1");
    t.after(() => server.close().closeAllConnections());
    await new Promise((resolve) => server.once("listening", resolve));
    return `http://127.0.0.1:${server.address().port}`;
  };
  const elsewhere = await listen((request, response) => {
    arrived.push(request.url);
    response.end("{}");
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const baseUrl = await listen((request, response) => {
      response.writeHead(status, { location: elsewhere + request.url }).end();
    });
    const service = new Service();
    const { auth, storage } = open(service, { fetch, baseUrl });
    const codes = [await auth.signIn(CREDENTIALS), await auth.signUp(CREDENTIALS)];
    storage.set(stored(service.tokens()));
    codes.push(await auth.refresh(), await auth.getSession(), await auth.signOut());
    assert.deepEqual(new Set(codes.map(({ error }) => error?.code)), new Set(["INVALID_RESPONSE"]), String(status));
  }
  assert.deepEqual(arrived, []);
});

test("a redirect that a browser does not show is none of the service's answers", async () => {
  const service = new Service();
  const { auth } = open(service);
  service.answers["/sign-in/email"] = () => ({ status: 0, text: async () => "" });
  const { error } = await auth.signIn(CREDENTIALS);
  assert.equal(error.code, "INVALID_RESPONSE");
  assert.match(error.message, /redirect/);
});

test("a network that fails is NETWORK_ERROR, and so is a service that never answers", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const service = new Service();
  const session = stored(service.tokens());
  const failures = {
    "no connection": () => Promise.reject(new TypeError("fetch failed")),
    "no end of the body": () => ({ status: 200, text: () => new Promise(() => {}) }),
    silence: () => new Promise(() => {}),
  };
  for (const [what, respond] of Object.entries(failures)) {
    const { auth, storage } = open({ fetch: respond }, { session });
    for (const call of [() => auth.signIn(CREDENTIALS), () => auth.getSession(), () => auth.refresh()]) {
      const result = call();
      for (let second = 0; second < 40; second++) {
        await settle();
        t.mock.timers.tick(1000);
      }
      assert.equal((await result).error?.code, "NETWORK_ERROR", what);
      assert.deepEqual(storage.get(), session, what);
    }
  }
});

test("whatever a network or a storage throws becomes a result", async () => {
  const odd = [
    Object.create(null),
    { toString: null },
    Object.defineProperty(new Error(), "message", { get: () => assert.fail("looked at") }),
    Object.defineProperty(new Error(), "message", { value: Symbol("s") }),
    Object.assign(new Error(), { message: Object.create(null) }),
    new Proxy({}, { getPrototypeOf: () => assert.fail("looked at") }),
    Symbol("s"),
    undefined,
    null,
  ];
  for (const [index, thrown] of odd.entries()) {
    const { auth } = open({ fetch: () => Promise.reject(thrown) });
    assert.equal((await auth.signIn(CREDENTIALS)).error?.code, "NETWORK_ERROR", String(index));
    const storage = { get: () => Promise.reject(thrown), set: () => {} };
    const { auth: stored } = open(new Service(), { storage });
    assert.equal((await stored.accessToken()).error?.code, "STORAGE_ERROR", String(index));
  }
});

test("credentials of any form reach the service, which refuses them", async () => {
  const service = new Service();
  service.answers["/sign-up/email"] = () => refusal(400, "VALIDATION_ERROR");
  const { auth } = open(service);
  const circle = {};
  circle.email = circle;
  for (const odd of [undefined, null, 7, {}, circle, { email: 1n, password: Symbol("s") }]) {
    assert.equal((await auth.signUp(odd)).error?.code, "VALIDATION_ERROR");
    assert.deepEqual(service.requests.at(-1).body, { email: null, password: null });
  }
});

test("without a session nothing is asked", async () => {
  const service = new Service();
  const { auth } = open(service);
  for (const call of [auth.getSession, auth.accessToken, auth.refresh]) {
    assert.equal((await call()).error?.code, "NOT_SIGNED_IN");
  }
  assert.deepEqual(await auth.signOut(), { success: true });
  assert.equal(service.requests.length, 0);
});

test("a session is asked for with the access token, and a second time with a renewed one", async () => {
  const service = new Service();
  const session = stored(service.tokens());
  const { auth, storage } = open(service, { session });
  assert.deepEqual(await auth.getSession(), { user: ADA });
  service.answers["/session"] = ({ authorization }) =>
    authorization === `Bearer ${session.access_token}` ? refusal(401, "UNAUTHORIZED") : answer(200, { user: ADA });
  assert.deepEqual(await auth.getSession(), { user: ADA });
  assert.notEqual(storage.get().access_token, session.access_token);
  service.answers["/session"] = () => refusal(401, "UNAUTHORIZED");
  assert.equal((await auth.getSession()).error?.code, "UNAUTHORIZED");
  assert.equal(service.to("/refresh").length, 2);
});

test("sign-out forgets the session at once and ends it at the service, also if the page is left", async () => {
  const service = new Service();
  const session = stored(service.tokens(), { expired: true });
  const { auth, storage } = open(service, { session });
  const { promise, resolve } = deferred();
  service.answers["/revoke"] = () => promise;
  const result = auth.signOut();
  await settle();
  assert.equal(storage.get(), null);
  const [{ body, keepalive }] = service.requests;
  assert.deepEqual(body, { refresh_token: session.refresh_token });
  assert.equal(keepalive, true);
  resolve(answer(200, { success: true }));
  assert.deepEqual(await result, { success: true });
});

test("sign-out tells when the service could not be told, and that is no failure where the token had expired", async () => {
  for (const [respond, expected] of [
    [() => Promise.reject(new TypeError("offline")), "NETWORK_ERROR"],
    [() => refusal(503, "UNAVAILABLE"), "UNAVAILABLE"],
    [() => refusal(401, "INVALID_TOKEN"), undefined],
  ]) {
    const service = new Service();
    service.answers["/revoke"] = respond;
    const { auth, storage } = open(service, { session: stored(service.tokens()) });
    assert.equal((await auth.signOut()).error?.code, expected);
    assert.equal(storage.get(), null);
  }
});

test("of overlapping sign-ins and sign-outs the last one called counts, and the others' sessions are ended", async () => {
  const service = new Service();
  const { auth, storage } = open(service);
  const first = deferred();
  const tokens = service.tokens();
  service.answers["/sign-in/email"] = () => first.promise;
  const overtakenBySignOut = auth.signIn(CREDENTIALS);
  await auth.signOut();
  first.resolve(answer(200, tokens));
  assert.equal((await overtakenBySignOut).error?.code, "SUPERSEDED");
  assert.equal(storage.get(), null);
  await settle();
  assert.deepEqual(service.to("/revoke").map(({ body }) => body), [{ refresh_token: tokens.refresh_token }]);

  const second = deferred();
  service.answers["/sign-in/email"] = () => second.promise;
  const overtaken = auth.signIn(CREDENTIALS);
  const last = await auth.signUp(CREDENTIALS);
  second.resolve(answer(200, service.tokens()));
  assert.equal((await overtaken).error?.code, "SUPERSEDED");
  assert.equal(storage.get().refresh_token, last.refresh_token);
});

test("a mistake in the options is told by name", () => {
  const { page } = open(new Service());
  for (const [options, message] of [
    [{}, /`baseUrl`/],
    [{ baseUrl: "/auth" }, /`baseUrl`/],
    [{ baseUrl: "ftp://example.com" }, /`baseUrl`/],
    [{ baseUrl: `${BASE}?a=b` }, /`baseUrl`/],
    [{ baseUrl: BASE, storage: {} }, /`storage`/],
    [{ baseUrl: BASE, storage: null }, /`storage`/],
    [{ baseUrl: BASE, origins: ["*"] }, /`origins`.*`\*`/],
    [{ baseUrl: BASE, origins: ["https://api.example.com/v1"] }, /`origins`/],
    [{ baseUrl: BASE, origins: ["null"] }, /`origins`/],
    [{ baseUrl: BASE, refreshTimeout: 0 }, /`refreshTimeout`/],
    [{ baseUrl: BASE, refreshTimeout: "4s" }, /`refreshTimeout`/],
    [{ baseUrl: BASE, fetch: "fetch" }, /`fetch`/],
    [{ baseUrl: BASE, timeOut: 1 }, /`timeOut` is not an option/],
  ]) {
    assert.throws(() => page.createClient(options), { name: "TypeError", message });
  }
});

test("a URL with a user name or a password is refused, and the message does not repeat it", () => {
  const { page } = open(new Service());
  for (const given of ["http://ada:hunter2@h/auth", "https://:hunter2@h", "https://hunter2@h/auth"]) {
    assert.throws(() => page.createClient({ baseUrl: given }), (error) => {
      assert.equal(error.name, "TypeError");
      assert.match(error.message, /`baseUrl`.*no user name and no password/);
      return !error.message.includes("hunter2");
    });
  }
  for (const given of ["http://ada:hunter2@h", "ada:hunter2@h", "https://hunter2@h/@"]) {
    assert.throws(() => page.createClient({ baseUrl: BASE, origins: [given] }), (error) => {
      assert.equal(error.name, "TypeError");
      assert.match(error.message, /`origins`/);
      return !error.message.includes("hunter2");
    });
  }
});

test("a path is none of the password's that the page was opened with", async () => {
  const service = new Service();
  const document = { baseURI: "https://ada:hunter2@auth.example.com/account/" };
  const { page } = open(service, { globals: { document } });
  await page.createClient({ baseUrl: "/auth" }).signIn(CREDENTIALS);
  assert.equal(service.requests[0].path, "/sign-in/email");
});

test("in a page the base URL may be a path, with or without a slash at its end", async () => {
  for (const baseUrl of ["/auth", "/auth/", BASE, `${BASE}/`]) {
    const service = new Service();
    const document = { baseURI: "https://auth.example.com/account/index.html" };
    const { page } = open(service, { globals: { document } });
    await page.createClient({ baseUrl }).signIn(CREDENTIALS);
    assert.equal(service.requests[0].path, "/sign-in/email");
  }
});

test("the package's README lists every method and every option", async () => {
  const readme = await readFile(new URL("../../../js/README.md", import.meta.url), "utf8");
  const [, section] = /^## In the browser$(.*?)^## /ms.exec(readme);
  const { page, auth } = open(new Service());
  const methods = [...section.matchAll(/^\| .*?\(.*? \| /gm)].flatMap(([row]) => row.match(/(?<=`)\w+(?=\()/g) ?? []);
  const storages = ["memoryStorage", "webStorage"];
  assert.deepEqual(methods.filter((name) => !storages.includes(name)).sort(), Object.keys(auth).sort());
  const options = [...section.matchAll(/^\| `(\w+)` \| /gm)].map(([, name]) => name);
  assert.throws(() => page.createClient({ unknown: 1 }), new RegExp(`they are ${options.join(", ")}$`));
});
