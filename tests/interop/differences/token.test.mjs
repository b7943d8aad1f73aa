// Where tokens differ from the Python package on purpose: each test shows what Python does and what is done here.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { claims, refused, somebody, succeeded } from "../client.mjs";
import { SECRET, startPair } from "../pair.mjs";
import { startPython } from "../python.mjs";
import { worker } from "../sides/worker.mjs";
import { accessClaims, now, sign } from "../token.mjs";

let python;
let ours;
let stop;
let user;
before(async () => {
  ({ python, ours, stop } = await startPair(worker, "Flask"));
  const { email, password } = somebody();
  ({ user } = succeeded(await python.signUp(email, password)));
  // What the tests change is what both take unchanged.
  for (const side of [python, ours]) succeeded(await side.session(sign(accessClaims(user))));
});
after(() => stop?.());

/** Python takes the token and we do not, or the other way round. */
async function onlyPython(token) {
  assert.equal(succeeded(await python.session(token)).user.id, user.id);
  refused(await ours.session(token), "401 UNAUTHORIZED");
}
async function onlyOurs(token) {
  assert.notEqual((await python.session(token)).status, 200);
  assert.equal(succeeded(await ours.session(token)).user.id, user.id);
}

test("a token without a type is refused", () => onlyPython(sign(accessClaims(user, { type: undefined }))));

test("an exp that is a text of digits is refused", () => onlyPython(sign(accessClaims(user, { exp: `${now() + 3_600}` }))));

test("a padded signature is refused", () => onlyPython(`${sign(accessClaims(user))}=`));

test("a token may be up to 60 seconds ahead", async () => {
  for (const claim of ["iat", "nbf"]) {
    await onlyOurs(sign(accessClaims(user, { [claim]: now() + 30 })));
    refused(await ours.session(sign(accessClaims(user, { [claim]: now() + 120 }))), "401 UNAUTHORIZED");
  }
});

test("a token without exp is refused", () => onlyPython(sign(accessClaims(user, { exp: undefined }))));

test("a token without sub is refused", () => onlyPython(sign(accessClaims(user, { sub: undefined }))));

test("a token without an address is taken", async () => {
  const token = sign(accessClaims(user, { email: undefined }));
  refused(await python.session(token), "401 INVALID_TOKEN");
  await onlyOurs(token);
});

test("fractional minutes give whole seconds", async () => {
  const fractional = { access_token_expires_in: 0.51 };
  const other = await worker.start({ secret: SECRET, options: fractional });
  const beside = await startPython("Flask", { database: other.database, secret: SECRET, options: fractional });
  try {
    const { email, password } = somebody();
    const theirs = await beside.signUp(email, password);
    assert.match(theirs.text, /"expires_in":30\.6,/);
    const own = await other.signIn(email, password);
    assert.match(own.text, /"expires_in":30\}/);
    const { iat, exp } = claims(own.body.access_token);
    assert.equal(exp - iat, 30);
  } finally {
    await beside.stop();
    await other.stop();
  }
});
