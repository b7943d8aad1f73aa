// Where sessions differ from the Python package on purpose: each test shows what Python does and what is done here.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { refused, somebody, succeeded } from "../client.mjs";
import { startPair } from "../pair.mjs";
import { worker } from "../sides/worker.mjs";

let python;
let ours;
let stop;
before(async () => ({ python, ours, stop } = await startPair(worker, "Flask")));
after(() => stop?.());

/** Somebody with a session on each side. */
async function signedIn() {
  const { email, password } = somebody();
  const own = succeeded(await ours.signUp(email, password));
  return { email, password, user: own.user, own, theirs: succeeded(await python.signIn(email, password)) };
}

const rotatedLongAgo = (user) =>
  python.sql(
    "UPDATE {session} SET {session.updated_at} = '2020-02-02 00:00:00.000000' WHERE {session.user_id} = ?",
    [user.id],
  );

test("sign-out ends the session", async () => {
  const { theirs, own } = await signedIn();
  succeeded(await python.signOut(theirs.access_token));
  succeeded(await python.session(theirs.access_token));
  succeeded(await python.refresh(theirs.refresh_token));

  succeeded(await ours.signOut(own.access_token));
  refused(await ours.session(own.access_token), "401 UNAUTHORIZED");
  refused(await ours.refresh(own.refresh_token), "401 SESSION_NOT_FOUND");
});

test("access tokens end with their session", async () => {
  const { theirs, own } = await signedIn();
  succeeded(await python.revoke(theirs.refresh_token));
  succeeded(await python.session(theirs.access_token));

  succeeded(await ours.revoke(own.refresh_token));
  refused(await ours.session(own.access_token), "401 UNAUTHORIZED");
});

test("revoking a superseded token ends the session", async () => {
  const { theirs, own } = await signedIn();
  const newer = succeeded(await python.refresh(theirs.refresh_token));
  succeeded(await python.revoke(theirs.refresh_token));
  succeeded(await python.refresh(newer.refresh_token));

  const successor = succeeded(await ours.refresh(own.refresh_token));
  succeeded(await ours.revoke(own.refresh_token));
  refused(await ours.refresh(successor.refresh_token), "401 SESSION_NOT_FOUND");
});

test("the user is the one of the token's sub, not of its address", async () => {
  const { email, password, user, theirs, own } = await signedIn();
  await python.sql("UPDATE {users} SET {users.email} = ? WHERE {users.id} = ?", [`formerly-${email}`, user.id]);
  const heir = succeeded(await python.signUp(email, password)).user;
  assert.notEqual(heir.id, user.id);

  // Whoever registers the address that was given up is reached by its former owner's tokens, and the other way round.
  for (const token of [theirs.access_token, own.access_token]) {
    assert.equal(succeeded(await python.session(token)).user.id, heir.id);
    assert.equal(succeeded(await ours.session(token)).user.id, user.id);
  }
  assert.equal(succeeded(await ours.refresh(own.refresh_token)).user.id, user.id);
  assert.equal(succeeded(await python.refresh(theirs.refresh_token)).user.id, heir.id);
});

test("a user who is not active is refused", async () => {
  const { email, password, user, theirs, own } = await signedIn();
  await python.sql("UPDATE {users} SET {users.is_active} = ? WHERE {users.id} = ?", [false, user.id]);
  succeeded(await python.signIn(email, password));
  succeeded(await python.session(theirs.access_token));
  succeeded(await python.me(theirs.access_token));

  refused(await ours.signIn(email, password), "401 INVALID_CREDENTIALS");
  refused(await ours.session(own.access_token), "401 UNAUTHORIZED");
  refused(await ours.session(theirs.access_token), "401 UNAUTHORIZED");
  refused(await ours.refresh(own.refresh_token), "401 SESSION_NOT_FOUND");
  assert.equal(succeeded(await python.refresh(theirs.refresh_token)).user.is_active, false);

  await python.sql("UPDATE {users} SET {users.is_active} = ? WHERE {users.id} = ?", [true, user.id]);
  succeeded(await ours.refresh(own.refresh_token));
});

test("a superseded refresh token gets its successor for a while, and later ends the session", async () => {
  const { theirs, own, user } = await signedIn();
  const newer = succeeded(await python.refresh(theirs.refresh_token));
  refused(await python.refresh(theirs.refresh_token), "401 SESSION_NOT_FOUND");
  succeeded(await python.refresh(newer.refresh_token));

  const successor = succeeded(await ours.refresh(own.refresh_token));
  assert.equal(succeeded(await ours.refresh(own.refresh_token)).refresh_token, successor.refresh_token);
  await rotatedLongAgo(user);
  refused(await ours.refresh(own.refresh_token), "401 SESSION_NOT_FOUND");
  refused(await ours.refresh(successor.refresh_token), "401 SESSION_NOT_FOUND");
});

test("a token that a rotation has just made returns itself", async () => {
  const { theirs, own, user } = await signedIn();
  const newer = succeeded(await python.refresh(theirs.refresh_token));
  assert.notEqual(succeeded(await python.refresh(newer.refresh_token)).refresh_token, newer.refresh_token);

  const successor = succeeded(await ours.refresh(own.refresh_token));
  assert.equal(succeeded(await ours.refresh(successor.refresh_token)).refresh_token, successor.refresh_token);
  await rotatedLongAgo(user);
  assert.notEqual(succeeded(await ours.refresh(successor.refresh_token)).refresh_token, successor.refresh_token);
});
