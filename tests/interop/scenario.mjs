// What must hold wherever Python and this project serve one database with one secret. Each claim is a function of
// { python, ours }: python.mjs's application, and a side of sides/.

import assert from "node:assert/strict";
import { claims, refused, somebody, succeeded } from "./client.mjs";

/** Well past the grace period, and before it. */
const LONG_AGO = () => datetime(Date.now() - 3_600_000);

export const CLAIMS = {
  "a user whom Python made signs in here, and Python's hash of 64 MiB stays": async ({ python, ours }) => {
    const { email, password } = somebody();
    const { user } = succeeded(await python.signUp(email, password));
    assert.match(await storedHash(python, user.id), /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
    assert.deepEqual(succeeded(await ours.signIn(email, password)).user, user);
    refused(await ours.signIn(email, `${password}!`), "401 INVALID_CREDENTIALS");
    assert.match(await storedHash(python, user.id), /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
  },

  "a user who was made here signs in at Python": async ({ python, ours }) => {
    const { email, password } = somebody();
    const { user } = succeeded(await ours.signUp(email, password));
    assert.match(await storedHash(python, user.id), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.deepEqual(succeeded(await python.signIn(email, password)).user, user);
    refused(await python.signIn(email, `${password}!`), "401 INVALID_CREDENTIALS");
  },

  "a user with a bcrypt hash signs in on both sides, also after the hash was replaced here": async ({ python, ours }) => {
    const { email, password, user } = await signedIn({ ours });
    const bcrypt = await python.bcrypt(password);
    assert.match(bcrypt, /^\$2b\$12\$/);
    await python.sql("UPDATE {account} SET {account.password} = ? WHERE {account.user_id} = ?", [bcrypt, user.id]);
    succeeded(await python.signIn(email, password));
    succeeded(await ours.signIn(email, password));
    assert.match(await storedHash(python, user.id), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    succeeded(await python.signIn(email, password));
    succeeded(await ours.signIn(email, password));
  },

  "an address is one address on both sides": async ({ python, ours }) => {
    for (const [first, second] of [[python, ours], [ours, python]]) {
      const { email, password } = somebody();
      const spelt = ` ${email.toUpperCase().replace("@", "Ö@")}\t`;
      const { user } = succeeded(await first.signUp(spelt, password));
      assert.equal(user.email, email.replace("@", "ö@"));
      refused(await second.signUp(spelt, password), "400 USER_EXISTS");
      // The other way round is the first claim, and costs 64 MiB.
      if (second === python) assert.deepEqual(succeeded(await second.signIn(spelt, password)).user, user);
    }
  },

  "access tokens of either side are good on the other, and for the application's own routes": async ({ python, ours }) => {
    const { email, answers } = await signedIn({ ours }, python, ours);
    const [theirs, own] = answers;
    for (const { user, access_token } of [theirs, own]) {
      assert.deepEqual(succeeded(await ours.session(access_token)), { user });
      assert.deepEqual(succeeded(await python.session(access_token)), { user });
      assert.deepEqual(succeeded(await python.me(access_token)), { id: user.id, email });
      if (python.seenByMiddleware) assert.deepEqual(succeeded(await python.seenByMiddleware(access_token)), { email });
    }
    // And a refresh token is none.
    for (const { refresh_token } of [theirs, own]) {
      refused(await ours.session(refresh_token), "401 UNAUTHORIZED");
      refused(await python.me(refresh_token), "401 UNAUTHORIZED");
    }
  },

  "a session is refreshed by both sides in turn": async ({ python, ours }) => {
    for (const [opener, turns] of [[python, [ours, python]], [ours, [python, ours]]]) {
      const { email, user, answers } = await signedIn({ ours }, opener);
      const others = "DELETE FROM {session} WHERE {session.user_id} = ? AND {session.token} <> ?";
      await python.sql(others, [user.id, jti(answers[0])]);
      let [{ refresh_token }] = answers;
      for (const side of [...turns, ...turns, ...turns]) {
        const answer = succeeded(await side.refresh(refresh_token));
        assert.deepEqual(answer.user, user);
        assert.equal(answer.expires_in, 3_600);
        assert.notEqual(answer.refresh_token, refresh_token);
        refused(await python.refresh(refresh_token), "401 SESSION_NOT_FOUND");
        for (const other of [python, ours]) {
          assert.deepEqual(succeeded(await other.session(answer.access_token)), { user });
        }
        assert.deepEqual(succeeded(await python.me(answer.access_token)), { id: user.id, email });
        refresh_token = answer.refresh_token;
      }
      assert.equal(await sessions(python, user.id), 1);
    }
  },

  "a session that one side revokes is over on the other": async ({ python, ours }) => {
    const { email, password, answers } = await signedIn({ ours }, ours);
    const [own] = answers;
    assert.deepEqual(succeeded(await python.revoke(own.refresh_token)), { success: true });
    refused(await ours.refresh(own.refresh_token), "401 SESSION_NOT_FOUND");
    refused(await ours.session(own.access_token), "401 UNAUTHORIZED");

    const theirs = succeeded(await python.signIn(email, password));
    assert.deepEqual(succeeded(await ours.revoke(theirs.refresh_token)), { success: true });
    refused(await python.refresh(theirs.refresh_token), "401 SESSION_NOT_FOUND");
    refused(await ours.refresh(theirs.refresh_token), "401 SESSION_NOT_FOUND");
    // It names no session, so it lives until it expires, as Python's always do.
    succeeded(await ours.session(theirs.access_token));
    succeeded(await python.session(theirs.access_token));

    // Rotated here, Python's own token still names the session.
    const before = succeeded(await python.signIn(email, password));
    const after = succeeded(await ours.refresh(before.refresh_token));
    succeeded(await ours.revoke(before.refresh_token));
    refused(await python.refresh(after.refresh_token), "401 SESSION_NOT_FOUND");
  },

  "signing out here ends the session on both sides": async ({ python, ours }) => {
    const { email, password } = somebody();
    const own = succeeded(await ours.signUp(email, password));
    assert.deepEqual(succeeded(await ours.signOut(own.access_token)), { success: true });
    refused(await python.refresh(own.refresh_token), "401 SESSION_NOT_FOUND");
    refused(await ours.session(own.access_token), "401 UNAUTHORIZED");
    // Python looks at the signature alone.
    succeeded(await python.me(own.access_token));
  },

  "routes that Python guards go on taking our access tokens, whatever became of session and user": async ({ python, ours }) => {
    const { email, password } = somebody();
    const revoked = succeeded(await ours.signUp(email, password));
    succeeded(await ours.revoke(revoked.refresh_token));
    const { access_token, user } = succeeded(await ours.signIn(email, password));
    await python.sql("UPDATE {users} SET {users.is_active} = FALSE WHERE {users.id} = ?", [user.id]);
    for (const token of [revoked.access_token, access_token]) {
      refused(await ours.session(token), "401 UNAUTHORIZED");
      assert.deepEqual(succeeded(await python.me(token)), { id: user.id, email });
    }
  },

  "signing out with a token of Python ends nothing, as there": async ({ python, ours }) => {
    const { answers } = await signedIn({ ours }, python);
    const [theirs] = answers;
    for (const side of [ours, python]) {
      assert.deepEqual(succeeded(await side.signOut(theirs.access_token)), { success: true });
    }
    succeeded(await ours.session(theirs.access_token));
    succeeded(await python.refresh(theirs.refresh_token));
  },

  "after Python has rotated a session of ours it is a new one": async ({ python, ours }) => {
    const { email, password } = somebody();
    const own = succeeded(await ours.signUp(email, password));
    const { sid, sub } = claims(own.access_token);
    const born = "UPDATE {session} SET {session.created_at} = ? WHERE {session.id} = ?";
    await python.sql(born, ["2020-02-02 00:00:00.000000", sid]);
    const rotated = succeeded(await python.refresh(own.refresh_token));
    assert.equal(claims(rotated.access_token).sid, undefined);
    const select = "SELECT {session.id} AS id, {session.created_at} AS created_at FROM {session} WHERE {session.user_id} = ?";
    const [row, ...others] = await python.sql(select, [sub]);
    assert.equal(others.length, 0);
    assert.notEqual(row.id, sid);
    // The absolute lifetime starts afresh.
    assert.ok(row.created_at > "2021-01-01", row.created_at);
    // Our access token names the row that is gone; Python's does not.
    refused(await ours.session(own.access_token), "401 UNAUTHORIZED");
    succeeded(await python.session(own.access_token));
    succeeded(await ours.session(rotated.access_token));
    // Nor does our refresh token lead to the new row, so its reuse ends nothing.
    refused(await ours.refresh(own.refresh_token), "401 SESSION_NOT_FOUND");
    succeeded(await ours.refresh(rotated.refresh_token));
  },

  "a token of Python that was rotated here gets the same successor again here, and is refused there": async (sides) => {
    const { python, ours } = sides;
    const [theirs] = (await signedIn({ ours }, python)).answers;
    const successor = succeeded(await ours.refresh(theirs.refresh_token));
    const { jti, sid } = claims(successor.refresh_token);
    assert.equal(jti[14], "8");
    assert.equal(succeeded(await ours.refresh(theirs.refresh_token)).refresh_token, successor.refresh_token);
    refused(await python.refresh(theirs.refresh_token), "401 SESSION_NOT_FOUND");
    // Once the grace period is over the token is proof of theft.
    await setRotation(python, theirs.user.id, LONG_AGO());
    refused(await ours.refresh(theirs.refresh_token), "401 SESSION_NOT_FOUND");
    refused(await ours.refresh(successor.refresh_token), "401 SESSION_NOT_FOUND");
    refused(await python.refresh(successor.refresh_token), "401 SESSION_NOT_FOUND");
    assert.equal((await python.sql("SELECT {session.id} FROM {session} WHERE {session.id} = ?", [sid])).length, 0);
  },

  "a token of Python that is two rotations old is refused and ends nothing": async ({ python, ours }) => {
    const [theirs] = (await signedIn({ ours }, python)).answers;
    const first = succeeded(await ours.refresh(theirs.refresh_token));
    await setRotation(python, theirs.user.id, LONG_AGO());
    const second = succeeded(await ours.refresh(first.refresh_token));
    assert.notEqual(second.refresh_token, first.refresh_token);
    refused(await ours.refresh(theirs.refresh_token), "401 SESSION_NOT_FOUND");
    refused(await python.refresh(theirs.refresh_token), "401 SESSION_NOT_FOUND");
    succeeded(await ours.refresh(second.refresh_token));
    succeeded(await python.refresh(second.refresh_token));
  },

  "a session that is over by its row is over on both sides": async ({ python, ours }) => {
    for (const [opener, asked] of [[python, ours], [ours, python]]) {
      const [opened] = (await signedIn({ ours }, opener)).answers;
      const end = "UPDATE {session} SET {session.expires_at} = ? WHERE {session.user_id} = ?";
      await python.sql(end, [LONG_AGO(), opened.user.id]);
      const answer = await asked.refresh(opened.refresh_token);
      refused(answer, "401 SESSION_NOT_FOUND");
      assert.match(answer.text, /Session expired/);
      const found = await python.sql("SELECT {session.id} FROM {session} WHERE {session.token} = ?", [jti(opened)]);
      assert.equal(found.length, 0);
    }
  },
};

/** What holds where both sides wait for each other's locks. */
export const CLAIMS_AT_ONCE = {
  "both sides serve at once, and an address that both are asked for is given once": async ({ python, ours }) => {
    const people = Array.from({ length: 3 }, somebody);
    await Promise.all(
      people.map(async ({ email, password }) => {
        const answers = await Promise.all([python, ours].map((side) => side.signUp(email, password)));
        const made = answers.filter(({ status }) => status < 300);
        assert.equal(made.length, 1, answers.map(({ status, text }) => `${status} ${text}`).join("\n"));
        // Python is not prepared for the unique index: its defect is that the loser may see a 500.
        const [{ status }] = answers.filter((answer) => !made.includes(answer));
        assert.ok([400, 500].includes(status));
        if (made[0] === answers[0]) refused(answers[1], "400 USER_EXISTS");
      }),
    );
    const signedIn = await Promise.all(
      people.flatMap(({ email, password }) => [python, ours].map((side) => side.signIn(email, password))),
    );
    signedIn.forEach(succeeded);
    for (const { email } of people) {
      assert.equal((await python.sql("SELECT {users.id} FROM {users} WHERE {users.email} = ?", [email])).length, 1);
    }
  },

  "a token that both sides are given at once is rotated once here, and by each request of Python in time": async (sides) => {
    const { python, ours } = sides;
    const pythonFirst = [python, python, ours, ours, ours];
    const mixed = [ours, python, ours, python, ours];
    for (const order of [pythonFirst, pythonFirst.toReversed(), mixed]) {
      const { email, password } = somebody();
      const { refresh_token, user } = succeeded(await ours.signUp(email, password));
      const answers = await Promise.all(order.map((side) => side.refresh(refresh_token)));
      const of = (side) => answers.filter((_, index) => order[index] === side);
      const tokens = (some) => some.filter(({ status }) => status === 200).map(({ body }) => body.refresh_token);
      // Python does not repeat what InnoDB gives up in a deadlock: its defect is that a client may see a 500 there.
      const gaveUp = ours.database.startsWith("mysql") ? of(python).filter(({ status }) => status === 500) : [];
      for (const answer of answers) {
        if (answer.status !== 200 && !gaveUp.includes(answer)) refused(answer, "401 SESSION_NOT_FOUND");
      }
      // All of ours agree: the same successor, or Python has taken the session away.
      const [own, theirs] = [tokens(of(ours)), tokens(of(python))];
      assert.ok(own.length === 0 || own.length === of(ours).length, `${own.length} of ours`);
      assert.equal(new Set(own).size, own.length === 0 ? 0 : 1);
      // Python gives one more for each request that found the row before another took it; every one is a session.
      const given = [...new Set([...own, ...theirs])];
      assert.ok(given.length >= 1 || gaveUp.length > 0);
      assert.equal(given.length, new Set(own).size + theirs.length);
      assert.equal(await sessions(python, user.id), given.length);
      for (const token of given) succeeded(await ours.refresh(token));
      for (const token of theirs) refused(await python.refresh(token), "401 SESSION_NOT_FOUND");
    }
  },
};

/**
 * Somebody who was made here, and is signed in on these sides. Where a claim is not about hashes, ours is the quick one to
 * verify.
 */
async function signedIn({ ours }, ...sides) {
  const { email, password } = somebody();
  const { user } = succeeded(await ours.signUp(email, password));
  const answers = [];
  for (const side of sides) answers.push(succeeded(await side.signIn(email, password)));
  return { email, password, user, answers };
}

async function storedHash(python, user) {
  const select = "SELECT {account.password} AS password FROM {account} WHERE {account.user_id} = ?";
  const [{ password }] = await python.sql(select, [user]);
  return password;
}

function jti({ refresh_token }) {
  return claims(refresh_token).jti;
}

async function sessions(python, user) {
  return (await python.sql("SELECT {session.id} FROM {session} WHERE {session.user_id} = ?", [user])).length;
}

/** Moves the last rotation of a user's sessions. */
async function setRotation(python, user, at) {
  await python.sql("UPDATE {session} SET {session.updated_at} = ? WHERE {session.user_id} = ?", [at, user]);
}

function datetime(milliseconds) {
  return new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "000");
}
