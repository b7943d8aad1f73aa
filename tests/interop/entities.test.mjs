// Tables that are not the package's own: other names, an existing table of users, Django's with time zones. Python and ours
// are given the same names.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { refused, somebody, succeeded } from "./client.mjs";
import { stopDatabases } from "./databases.mjs";
import { startPair } from "./pair.mjs";
import { CLAIMS } from "./scenario.mjs";
import { SIDES } from "./sides/all.mjs";

const OTHER_NAMES = {
  user: { model_name: "members", fields: { email: "mail", name: "display_name", is_active: "enabled" } },
  session: { model_name: "logins", fields: { token: "jti", user_id: "member", expires_at: "ends" } },
  account: { model_name: "credentials", fields: { password: "hash", user_id: "member" } },
  verification: { model_name: "proofs", fields: { value: "proof" } },
};

const PEOPLE = {
  user_field_mapping: {
    table_name: "people",
    fields: {
      id: "person",
      name: "full_name",
      email: "mail",
      email_verified: "mail_verified",
      image: "picture",
      is_active: "enabled",
      created_at: "joined",
      updated_at: "changed",
    },
  },
};

/** The application's own table. Its times carry a zone where the database has such a type. */
const peopleTable = (time) => [
  `CREATE TABLE people (
    person VARCHAR(36) PRIMARY KEY, mail VARCHAR(255) NOT NULL UNIQUE, full_name VARCHAR(255) NOT NULL,
    plan VARCHAR(20) NOT NULL DEFAULT 'free', notes VARCHAR(255), mail_verified BOOLEAN NOT NULL, picture VARCHAR(512),
    enabled BOOLEAN NOT NULL, joined ${time} NOT NULL, changed ${time} NOT NULL)`,
  `INSERT INTO people (person, mail, full_name, mail_verified, enabled, joined, changed)
    VALUES ('42', 'guest@example.com', 'Guest', FALSE, TRUE, '2020-02-02 00:00:00', '2020-02-02 00:00:00')`,
];

const IN_TURN = "a session is refreshed by both sides in turn";
const SHARED = [
  "a user whom Python made signs in here, and Python's hash of 64 MiB stays",
  "a user who was made here signs in at Python",
  "access tokens of either side are good on the other, and for the application's own routes",
  IN_TURN,
  "a session that one side revokes is over on the other",
];

for (const side of SIDES) {
  beside(side, "Flask", "tables and columns of other names", { names: OTHER_NAMES }, () => {});

  const time = side.dialect === "postgres" ? "TIMESTAMP WITH TIME ZONE" : "DATETIME";
  beside(side, "FastAPI", "an existing table of users", { names: PEOPLE, tables: peopleTable(time) }, (pair) => {
    test("a person of that table who has no password is taken and cannot sign in", async () => {
      const { password } = somebody();
      for (const server of [pair().python, pair().ours]) {
        refused(await server.signUp("guest@example.com", password), "400 USER_EXISTS");
        refused(await server.signIn("guest@example.com", password), "401 INVALID_CREDENTIALS");
      }
    });

    test("columns that are not auth101's keep their defaults", async () => {
      const { email, password } = somebody();
      succeeded(await pair().ours.signUp(email, password));
      const [row] = await pair().python.sql("SELECT plan, notes FROM {users} WHERE {users.email} = ?", [email]);
      assert.deepEqual(row, { plan: "free", notes: null });
    });
  });

  describe(`Django with USE_TZ beside ${side.name}`, () => {
    let python;
    let ours;
    let stop;
    before(async () => ({ python, ours, stop } = await startPair(side, "Django", { django: { USE_TZ: true } })));
    after(() => stop?.());

    // All but that its own refresh fails there for every session that it finds.
    for (const claim of SHARED.filter((claim) => claim !== IN_TURN)) test(claim, () => CLAIMS[claim]({ python, ours }));

    test("a session of Python, which it cannot refresh itself, is refreshed here", async () => {
      const { email, password } = somebody();
      const { refresh_token, user } = succeeded(await python.signUp(email, password));
      assert.equal((await python.refresh(refresh_token)).status, 500);
      const answer = succeeded(await ours.refresh(refresh_token));
      assert.deepEqual(answer.user, user);
      assert.deepEqual(succeeded(await python.me(answer.access_token)), { id: user.id, email });
      assert.equal(succeeded(await ours.refresh(refresh_token)).refresh_token, answer.refresh_token);
    });
  });
}

after(stopDatabases);

/** A framework beside a side, with that configuration; `more` declares further tests, given a way to the pair. */
function beside(side, framework, what, configuration, more) {
  describe(`${framework} beside ${side.name}, with ${what}`, () => {
    let pair;
    before(async () => (pair = await startPair(side, framework, configuration)));
    after(() => pair?.stop());
    for (const claim of SHARED) test(claim, () => CLAIMS[claim](pair));
    more(() => pair);
  });
}
