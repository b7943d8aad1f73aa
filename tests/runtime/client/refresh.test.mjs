// When tokens are renewed, how often the service is asked, and what becomes of the session when it refuses.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ADA, answer, deferred, open, refusal, Service, settle, stored } from "./service.mjs";

const BEA = { ...ADA, id: "5a1f8c1e-0000-4000-8000-000000000002", email: "bea@example.com" };

test("a fresh access token is given without asking, one that expires soon is renewed ahead", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
  const service = new Service();
  const session = stored(service.tokens());
  const { auth } = open(service, { session });
  t.mock.timers.setTime(session.expires_at - 31_000);
  assert.deepEqual(await auth.accessToken(), { access_token: session.access_token });
  assert.equal(service.requests.length, 0);
  t.mock.timers.setTime(session.expires_at - 14_000);
  const renewed = await auth.accessToken();
  assert.notEqual(renewed.access_token, session.access_token);
  assert.deepEqual(await auth.accessToken(), renewed);
  assert.deepEqual(service.requests.map(({ body }) => body), [{ refresh_token: session.refresh_token }]);
});

test("a token of a minute is used for most of it", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
  const service = new Service();
  const session = stored(service.tokens({ expires_in: 60 }));
  const { auth } = open(service, { session });
  t.mock.timers.tick(44_000);
  assert.equal((await auth.accessToken()).access_token, session.access_token);
  t.mock.timers.tick(9_000);
  assert.notEqual((await auth.accessToken()).access_token, session.access_token);
});

test("a clock that was put back does not keep an old access token alive", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
  const service = new Service();
  const session = stored(service.tokens());
  const { auth } = open(service, { session });
  t.mock.timers.setTime(1_600_000_000_000);
  assert.notEqual((await auth.accessToken()).access_token, session.access_token);
});

test("however many calls wait, one refresh is under way", async () => {
  const service = new Service();
  const { auth } = open(service, { session: stored(service.tokens(), { expired: true }) });
  const calls = [auth.accessToken, auth.getSession, auth.refresh, () => auth.fetch("https://auth.example.com/api")];
  const results = await Promise.all(Array.from({ length: 5 }, () => calls.map((call) => call())).flat());
  assert.ok(results.every((result) => !result.error));
  assert.equal(service.to("/refresh").length, 1);
});

test("pages that share a storage take turns: one refreshes, the others take what it stored", async () => {
  const { SharedLocks, SharedStorage } = await import("./page.mjs");
  const service = new Service();
  const shared = new SharedStorage();
  const navigator = { locks: new SharedLocks() };
  const pages = Array.from({ length: 4 }, () => {
    const view = shared.view();
    const { page } = open(service, { globals: { ...view, navigator } });
    return open(service, { globals: { ...view, navigator }, storage: page.webStorage(view.localStorage) });
  });
  pages[0].storage.set(stored(service.tokens(), { expired: true }));
  const results = await Promise.all(pages.map(({ auth }) => auth.accessToken()));
  assert.equal(new Set(results.map(({ access_token }) => access_token)).size, 1);
  assert.equal(service.to("/refresh").length, 1);
});

test("a page that hangs with the lock, or locks that are refused, hold nobody up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { SharedLocks } = await import("./page.mjs");
  const hanging = new SharedLocks();
  for (const purpose of ["refresh", "write"]) {
    void hanging.request(`auth101:shared:${purpose}`, { signal: new AbortController().signal }, () => new Promise(() => {}));
  }
  const refusing = { request: () => Promise.reject(new Error("SecurityError")) };
  for (const locks of [hanging, refusing]) {
    const service = new Service();
    const { page } = open(service);
    const storage = { ...page.memoryStorage(), name: "shared" };
    const { auth } = open(service, {
      session: stored(service.tokens(), { expired: true }),
      globals: { navigator: { locks } },
      storage,
    });
    const result = auth.accessToken();
    let isDone = false;
    void result.then(() => (isDone = true));
    for (let second = 0; second < 8 && !isDone; second++) {
      await settle();
      t.mock.timers.tick(1000);
    }
    await settle();
    assert.ok(isDone);
    assert.equal((await result).access_token, storage.get().access_token);
  }
});

test("a lost answer is asked for once more at once, with the same token; then the tokens stay", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const losses = {
    silence: () => new Promise(() => {}),
    "a broken connection": () => Promise.reject(new TypeError("fetch failed")),
    "a gateway's page": () => new Response("<h1>Bad gateway</h1>", { status: 502 }),
    UNAVAILABLE: () => refusal(503, "UNAVAILABLE"),
    INTERNAL_ERROR: () => refusal(500, "INTERNAL_ERROR"),
  };
  for (const [what, lose] of Object.entries(losses)) {
    for (const losses of [1, 2]) {
      const service = new Service();
      const session = stored(service.tokens(), { expired: true });
      const { auth, storage } = open(service, { session });
      let lost = 0;
      service.answers["/refresh"] = () => (lost++ < losses ? lose() : answer(200, service.tokens()));
      const result = auth.accessToken();
      // Two time-outs of four seconds and the pause between them, within the grace period.
      for (let tick = 0; tick < 90; tick++) {
        await settle();
        t.mock.timers.tick(100);
      }
      assert.deepEqual(
        service.to("/refresh").map(({ body }) => body.refresh_token),
        [session.refresh_token, session.refresh_token],
        what,
      );
      const { error, access_token } = await result;
      assert.equal(error === undefined, losses === 1, what);
      assert.equal(access_token, losses === 1 ? storage.get().access_token : undefined);
      if (losses === 2) assert.deepEqual(storage.get(), session, what);
    }
  }
});

test("an answer that comes after the time-out is not stored", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const service = new Service();
  const session = stored(service.tokens(), { expired: true });
  const { auth, storage } = open(service, { session });
  const late = deferred();
  service.answers["/refresh"] = () => late.promise;
  const result = auth.refresh();
  for (let tick = 0; tick < 90; tick++) {
    await settle();
    t.mock.timers.tick(100);
  }
  assert.equal((await result).error.code, "NETWORK_ERROR");
  assert.deepEqual(service.to("/refresh").map(({ signal }) => signal.aborted), [true, true]);
  late.resolve(answer(200, service.tokens()));
  await settle();
  assert.deepEqual(storage.get(), session);
});

test("too many requests are not answered with one more", async () => {
  const service = new Service();
  const session = stored(service.tokens(), { expired: true });
  const { auth, storage } = open(service, { session });
  service.answers["/refresh"] = () => refusal(429, "RATE_LIMITED");
  assert.equal((await auth.accessToken()).error.code, "RATE_LIMITED");
  assert.equal(service.requests.length, 1);
  assert.deepEqual(storage.get(), session);
});

test("while the service is away, an access token is used to its end", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
  const service = new Service();
  const session = stored(service.tokens());
  const { auth } = open(service, { session });
  service.answers["/refresh"] = () => refusal(429, "RATE_LIMITED");
  t.mock.timers.setTime(session.expires_at - 1);
  assert.equal((await auth.accessToken()).access_token, session.access_token);
  t.mock.timers.setTime(session.expires_at);
  assert.equal((await auth.accessToken()).error.code, "RATE_LIMITED");
});

test("a refusal ends the session here, unless another page has newer tokens", async () => {
  for (const code of ["SESSION_NOT_FOUND", "INVALID_TOKEN", "USER_NOT_FOUND"]) {
    const service = new Service();
    const { auth, storage } = open(service, { session: stored(service.tokens(), { expired: true }) });
    service.answers["/refresh"] = () => refusal(401, code);
    assert.equal((await auth.accessToken()).error.code, code);
    assert.equal(storage.get(), null);

    storage.set(stored(service.tokens(), { expired: true }));
    const newer = stored(service.tokens());
    service.answers["/refresh"] = () => {
      storage.set(newer);
      return refusal(401, code);
    };
    assert.equal((await auth.accessToken()).access_token, newer.access_token);
    assert.deepEqual(storage.get(), newer);
  }
});

test("an answer is stored by the saving rule", async () => {
  const service = new Service();
  const [sent, middle, came, later] = Array.from({ length: 4 }, () => stored(service.tokens()));
  const otherSession = stored(service.tokens({ user: BEA, sid: "session-2" }));
  const earlierOther = { ...stored(new Service().tokens({ user: BEA, sid: "session-2" })) };
  for (const [what, found, isSaved] of [
    ["the token that was sent", sent, true],
    ["an older one of the session", middle, true],
    ["a newer one of the session", later, false],
    ["a later session", otherSession, false],
    ["an earlier session, signed in to meanwhile", earlierOther, false],
    ["nothing: signed out", null, false],
    ["no token at all", { ...sent, refresh_token: "a.b.c" }, false],
  ]) {
    const { auth, storage } = open(service, { session: { ...sent, expires_at: 0 } });
    service.answers["/refresh"] = () => {
      if (found !== sent) storage.set(found);
      return answer(200, came);
    };
    const { error, refresh_token } = await auth.refresh();
    const expected = isSaved ? came : found;
    assert.equal(storage.get()?.refresh_token, expected?.refresh_token, what);
    assert.equal(refresh_token, expected?.refresh_token, what);
    assert.equal(error?.code, expected === null ? "NOT_SIGNED_IN" : undefined, what);
  }
});

test("tokens without a session id, as Python mints them, are saved by the same rule", async () => {
  const service = new Service();
  const [sent, came] = [stored(service.tokens({ sid: undefined })), stored(service.tokens({ sid: undefined }))];
  const newer = stored(service.tokens({ sid: undefined }));
  const { auth, storage } = open(service, { session: sent });
  service.answers["/refresh"] = () => answer(200, came);
  assert.equal((await auth.refresh()).refresh_token, came.refresh_token);
  storage.set(sent);
  service.answers["/refresh"] = () => (storage.set(newer), answer(200, came));
  assert.equal((await auth.refresh()).refresh_token, newer.refresh_token);
});

test("an answer that comes after a sign-out brings nobody back", async () => {
  for (const respond of [(service) => answer(200, service.tokens()), () => refusal(401, "SESSION_NOT_FOUND")]) {
    const service = new Service();
    const { auth, storage } = open(service, { session: stored(service.tokens(), { expired: true }) });
    const { promise, resolve } = deferred();
    service.answers["/refresh"] = () => promise;
    const calls = [auth.accessToken(), auth.getSession()];
    await settle();
    await auth.signOut();
    resolve(respond(service));
    for (const call of calls) assert.ok((await call).error);
    await settle();
    assert.equal(storage.get(), null);
  }
});

test("a refresh that is asked for while one is under way does not get the token that was refused", async () => {
  const service = new Service();
  const { auth, storage } = open(service, { session: stored(service.tokens(), { expired: true }) });
  const first = deferred();
  const tokens = service.tokens();
  service.answers["/refresh"] = () => first.promise;
  const early = auth.accessToken();
  await settle();
  // Another page stores what this page's refresh is about to bring, and the API refuses it.
  storage.set(stored(tokens));
  service.answers["https://auth.example.com/api"] = ({ authorization }) =>
    authorization === `Bearer ${tokens.access_token}` ? answer(401, {}) : answer(200, {});
  const requests = [1, 2, 3].map(() => auth.fetch("https://auth.example.com/api"));
  await settle();
  delete service.answers["/refresh"];
  first.resolve(answer(200, tokens));
  assert.equal((await early).access_token, tokens.access_token);
  for (const request of requests) assert.equal((await request).status, 200);
  assert.equal(service.to("/refresh").length, 2, "one more, for all of them");
});
