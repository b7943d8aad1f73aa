// What every example must do, whichever framework it is written in.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import http from "node:http";
import { CAP, cutOffSignUps, signUpOf } from "../claims/uploads.mjs";
import { bearer, json } from "./app.mjs";

const UNAUTHORIZED = { error: { message: "Unauthorized", code: "UNAUTHORIZED" } };
const TOO_LARGE = { error: { message: "Request body is too large", code: "PAYLOAD_TOO_LARGE" } };

/** The claims as subtests of one example. */
export async function holdClaims(t, app, { address, overNetwork = app.url !== undefined }) {
  await t.test("it answers the six routes", () => sixRoutes(app));
  await t.test("its own route lets in whoever has signed in, and nobody else", () => ownRoute(app));
  await t.test("its other routes are its own", () => otherRoutes(app));
  await t.test("HEAD, OPTIONS, wrong methods and unknown paths are answered as the contract says", () => methods(app));
  await t.test("a session's row holds the peer's address, whatever the headers say", () => addresses(app, address));
  await t.test("a body of 65,536 bytes is read, and one byte more is refused", () => bodies(app));
  if (!overNetwork) return;
  await t.test("a body that comes in chunks is refused where it is too long", () => chunks(app));
  await t.test("an upload that is cut off is not carried out, and the server goes on", () => cutOff(app));
}

const credentials = () => ({ email: `${randomUUID()}@example.com`, password: "password" });

async function signUp(app, given = credentials(), headers = {}) {
  const response = await app.fetch("/auth/sign-up/email", json(given, headers));
  assert.equal(response.status, 201);
  return response.json();
}

async function answers(response, status, body) {
  assert.equal(response.status, status);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("www-authenticate"), status === 401 ? "Bearer" : null);
  assert.deepEqual(await response.json(), body);
}

async function sixRoutes(app) {
  const given = credentials();
  const { user, ...first } = await signUp(app, given);
  assert.equal(user.email, given.email);
  const signedIn = await (await app.fetch("/auth/sign-in/email", json(given))).json();
  assert.deepEqual(signedIn.user, user);
  await answers(await app.fetch("/auth/session", bearer(signedIn.access_token)), 200, { user });
  const refreshed = await (await app.fetch("/auth/refresh", json({ refresh_token: first.refresh_token }))).json();
  assert.deepEqual(refreshed.user, user);
  assert.notEqual(refreshed.refresh_token, first.refresh_token);
  const success = { success: true };
  await answers(await app.fetch("/auth/revoke", json({ refresh_token: refreshed.refresh_token })), 200, success);
  const signOut = bearer(signedIn.access_token, { method: "POST" });
  await answers(await app.fetch("/auth/sign-out", signOut), 200, success);
  await answers(await app.fetch("/auth/session", bearer(signedIn.access_token)), 401, UNAUTHORIZED);
  const wrong = await app.fetch("/auth/sign-in/email", json({ ...given, password: "wrong password" }));
  const invalid = { error: { message: "Invalid email or password", code: "INVALID_CREDENTIALS" } };
  await answers(wrong, 401, invalid);
}

async function ownRoute(app) {
  const { user, access_token, refresh_token } = await signUp(app);
  const admitted = await app.fetch("/me", bearer(access_token));
  assert.equal(admitted.status, 200);
  assert.deepEqual(await admitted.json(), { email: user.email });
  await answers(await app.fetch("/me"), 401, UNAUTHORIZED);
  await answers(await app.fetch("/me", bearer(refresh_token)), 401, UNAUTHORIZED);
  await answers(await app.fetch("/me", { headers: { authorization: access_token } }), 401, UNAUTHORIZED);
  await app.fetch("/auth/sign-out", bearer(access_token, { method: "POST" }));
  await answers(await app.fetch("/me", bearer(access_token)), 401, UNAUTHORIZED);
}

async function otherRoutes(app) {
  const home = await app.fetch("/");
  assert.equal(home.status, 200);
  assert.equal(await home.text(), "Hello, stranger");
  for (const path of ["/nowhere", "/authentic", "/auth"]) {
    const response = await app.fetch(path);
    assert.equal(response.status, 404, path);
    assert.equal(response.headers.get("cache-control"), null, `${path} is not for auth101`);
    await response.text();
  }
}

async function methods(app) {
  const { access_token } = await signUp(app);
  const head = await app.fetch("/auth/session", bearer(access_token, { method: "HEAD" }));
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");
  const options = await app.fetch("/auth/refresh", { method: "OPTIONS" });
  assert.equal(options.status, 204);
  assert.equal(options.headers.get("allow"), "POST, OPTIONS");
  const notAllowed = await app.fetch("/auth/refresh");
  assert.equal(notAllowed.headers.get("allow"), "POST, OPTIONS");
  const error = { message: "Method not allowed", code: "METHOD_NOT_ALLOWED" };
  await answers(notAllowed, 405, { error });
  const notFound = { error: { message: "Not found", code: "NOT_FOUND" } };
  for (const path of ["/auth/nowhere", "/auth/session/", "/auth/Session"]) {
    await answers(await app.fetch(path), 404, notFound);
  }
  const empty = await app.fetch("/auth/sign-up/email", { method: "POST" });
  await answers(empty, 400, { error: { message: "Email and password are required", code: "VALIDATION_ERROR" } });
  const form = { method: "POST", body: new URLSearchParams(credentials()), headers: { origin: "http://localhost" } };
  await answers(await app.fetch("/auth/sign-in/email", form), 401, {
    error: { message: "Invalid email or password", code: "INVALID_CREDENTIALS" },
  });
}

async function addresses(app, address) {
  const forged = { "x-forwarded-for": "203.0.113.9", "x-real-ip": "203.0.113.9", forwarded: "for=203.0.113.9" };
  const { user } = await signUp(app, credentials(), { ...forged, "user-agent": "claims" });
  const rows = app.rows(`SELECT ip_address, user_agent FROM session WHERE user_id = '${user.id}'`);
  assert.deepEqual(rows.map((row) => ({ ...row })), [{ ip_address: address ?? null, user_agent: "claims" }]);
}

async function bodies(app) {
  const post = (body) => app.fetch("/auth/sign-up/email", { ...json(""), body });
  assert.equal((await post(signUpOf(CAP, credentials().email))).status, 201);
  await answers(await post(signUpOf(CAP + 1, credentials().email)), 413, TOO_LARGE);
}

async function chunks(app) {
  assert.equal((await upload(app, [signUpOf(1_000, credentials().email)])).status, 201);
  assert.equal((await upload(app, [signUpOf(CAP, credentials().email)])).status, 201);
  const { status, body } = await upload(app, [signUpOf(CAP, credentials().email), "x".repeat(CAP), "x".repeat(CAP)]);
  assert.equal(status, 413);
  assert.deepEqual(JSON.parse(body), TOO_LARGE);
}

/** Sends pieces without announcing a length; the status and the body of the answer. */
function upload(app, pieces) {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
    const request = http.request(`${app.url}/auth/sign-up/email`, { method: "POST", headers, agent: false });
    request.on("error", reject).on("response", async (response) => {
      resolve({ status: response.statusCode, body: (await response.setEncoding("utf8").toArray()).join("") });
    });
    for (const piece of pieces) request.write(piece);
    request.end();
  });
}

async function cutOff(app) {
  const before = app.rows("SELECT count(*) AS n FROM users")[0].n;
  await cutOffSignUps(app.url, credentials().email);
  await signUp(app);
  assert.equal(app.rows("SELECT count(*) AS n FROM users")[0].n, before + 1);
  assert.ok(app.isAlive());
}
