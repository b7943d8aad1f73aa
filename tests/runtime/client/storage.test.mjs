// The storage that an application brings, and the news that pages have of each other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedStorage } from "./page.mjs";
import { ADA, answer, CREDENTIALS, open, refusal, Service, settle, stored } from "./service.mjs";

/** Two clients over one localStorage, as in two tabs. */
function twoTabs(service) {
  const shared = new SharedStorage();
  return [shared.view(), shared.view()].map((view) => {
    const { page } = open(service, { globals: view });
    const storage = page.webStorage(view.localStorage);
    return { view, storage, auth: page.createClient({ baseUrl: "https://auth.example.com/auth", storage }) };
  });
}

function listen(auth) {
  const heard = [];
  return { heard, stop: auth.subscribe((session) => heard.push(session?.user.email ?? null)) };
}

test("a listener hears the state, and each change that any page makes, but no refresh", async () => {
  const service = new Service();
  const [left, right] = twoTabs(service);
  const [inLeft, inRight] = [listen(left.auth), listen(right.auth)];
  await settle();
  assert.deepEqual([inLeft.heard, inRight.heard], [[null], [null]]);
  await left.auth.signIn(CREDENTIALS);
  await settle();
  await right.auth.refresh();
  await left.auth.refresh();
  await settle();
  assert.deepEqual([inLeft.heard, inRight.heard], [[null, ADA.email], [null, ADA.email]]);
  const late = listen(right.auth);
  await right.auth.signOut();
  await settle();
  assert.deepEqual([inLeft.heard, inRight.heard], [[null, ADA.email, null], [null, ADA.email, null]]);
  assert.equal((await left.auth.getSession()).error.code, "NOT_SIGNED_IN");
  late.stop();
  inLeft.stop();
  await right.auth.signIn(CREDENTIALS);
  await settle();
  assert.equal(late.heard.at(-1), null);
  assert.equal(inLeft.heard.length, 3);
  assert.equal(inRight.heard.length, 4);
});

test("a listener hears of a session that a refresh found over, and of storage that was cleared", async () => {
  const service = new Service();
  const [left, right] = twoTabs(service);
  await left.auth.signIn(CREDENTIALS);
  const inRight = listen(right.auth);
  await settle();
  service.answers["/refresh"] = () => refusal(401, "SESSION_NOT_FOUND");
  await left.auth.refresh();
  await settle();
  assert.deepEqual(inRight.heard, [ADA.email, null]);
  await left.auth.signIn(CREDENTIALS);
  await settle();
  left.view.localStorage.removeItem("auth101");
  await settle();
  assert.deepEqual(inRight.heard, [ADA.email, null, ADA.email, null]);
});

test("a listener that throws is reported and keeps nobody from hearing", async () => {
  const service = new Service();
  const reported = [];
  const queueMicrotask = (action) => {
    try {
      action();
    } catch (error) {
      reported.push(error.message);
    }
  };
  const { auth } = open(service, { globals: { queueMicrotask } });
  auth.subscribe(() => {
    throw new Error("a mistake of the application");
  });
  const { heard } = listen(auth);
  assert.equal((await auth.signIn(CREDENTIALS)).user.email, ADA.email);
  await settle();
  assert.equal(heard.at(-1), ADA.email);
  assert.ok(reported.length > 0 && reported.every((message) => message === "a mistake of the application"));
});

test("what is no session counts as none", async () => {
  const service = new Service();
  const session = stored(service.tokens());
  for (const text of ["", "{", "null", "7", "[]", "{}", JSON.stringify({ ...session, refresh_token: "" })]) {
    const [{ view, auth }] = twoTabs(service);
    view.localStorage.setItem("auth101", text);
    assert.equal((await auth.accessToken()).error?.code, "NOT_SIGNED_IN", text);
  }
  const { expires_at, ...incomplete } = session;
  const { auth } = open(service, { session: incomplete });
  assert.equal((await auth.accessToken()).error?.code, "NOT_SIGNED_IN");
});

test("two keys of one localStorage are two sessions", async () => {
  const service = new Service();
  const view = new SharedStorage().view();
  const { page } = open(service, { globals: view });
  const [staff, guest] = ["staff", "guest"].map((key) => page.webStorage(view.localStorage, key));
  const { auth } = open(service, { storage: staff });
  await auth.signIn(CREDENTIALS);
  assert.ok(staff.get());
  assert.equal(guest.get(), null);
});

test("a storage may answer later, and overlapping calls then still end in order", async () => {
  const service = new Service();
  let session = null;
  const later = (action) => async (...values) => {
    await settle();
    return action(...values);
  };
  const storage = { get: later(() => session), set: later((value) => void (session = value)) };
  const { page } = open(service);
  const auth = page.createClient({ baseUrl: "https://auth.example.com/auth", storage });
  await auth.signIn(CREDENTIALS);
  session = { ...session, expires_at: 0 };
  const calls = [auth.accessToken(), auth.getSession(), auth.signOut(), auth.refresh(), auth.signIn(CREDENTIALS)];
  await Promise.all(calls);
  assert.equal(session.refresh_token, (await calls.at(-1)).refresh_token);
  await Promise.all([auth.signIn(CREDENTIALS), auth.signOut()]);
  assert.equal(session, null);
});

test("a storage that throws or does not answer is STORAGE_ERROR, and a session that was not stored is ended", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const broken = {
    "get and set throw": { get: () => { throw new Error("locked"); }, set: () => { throw new Error("full"); } },
    "get and set reject": { get: () => Promise.reject(new Error("locked")), set: () => Promise.reject(new Error("full")) },
    "get and set hang": { get: () => new Promise(() => {}), set: () => new Promise(() => {}) },
  };
  for (const [what, storage] of Object.entries(broken)) {
    const service = new Service();
    const { page } = open(service);
    const auth = page.createClient({ baseUrl: "https://auth.example.com/auth", storage });
    auth.subscribe(() => {});
    const calls = [auth.signIn(CREDENTIALS), auth.getSession(), auth.accessToken(), auth.refresh()];
    for (let second = 0; second < 60; second++) {
      await settle();
      t.mock.timers.tick(1000);
    }
    for (const call of calls) assert.equal((await call).error?.code, "STORAGE_ERROR", what);
    assert.equal(service.to("/revoke").length, 1, what);
    const signOut = auth.signOut();
    for (let second = 0; second < 60; second++) {
      await settle();
      t.mock.timers.tick(1000);
    }
    assert.equal((await signOut).error?.code, "STORAGE_ERROR", what);
  }
});

test("a storage that breaks during a refresh leaves a failure, and the next call works", async () => {
  const service = new Service();
  const { page } = open(service);
  const storage = page.memoryStorage();
  let isFull = false;
  const fragile = { ...storage, set: (session) => { if (isFull) throw new Error("full"); storage.set(session); } };
  const { auth } = open(service, { storage: fragile });
  await auth.signIn(CREDENTIALS);
  service.answers["/refresh"] = () => ((isFull = true), answer(200, service.tokens()));
  assert.equal((await auth.refresh()).error?.code, "STORAGE_ERROR");
  isFull = false;
  delete service.answers["/refresh"];
  assert.ok((await auth.refresh()).refresh_token);
});
