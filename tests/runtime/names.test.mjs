import assert from "node:assert/strict";
import { test } from "node:test";
import { translator } from "./names.mjs";

const translate = translator({
  user: { model_name: "order", fields: { id: "key", email: "mail" } },
  session: { model_name: "logins", fields: { id: "login", user_id: "who" } },
});

for (const [statement, expected] of [
  [
    "SELECT id, COUNT(*) AS n, CASE WHEN email = 'email, id' THEN 'yes' END AS mine FROM users",
    `SELECT "key" AS "id", COUNT(*) AS n, CASE WHEN "mail" = 'email, id' THEN 'yes' END AS mine FROM "order"`,
  ],
  ["INSERT INTO users (id, email) VALUES (?, ?)", 'INSERT INTO "order" ("key", "mail") VALUES (?, ?)'],
  ["DELETE FROM account", "DELETE FROM account"],
  [
    "SELECT email, session.id FROM users JOIN session ON session.user_id = users.id WHERE users.id = ?",
    'SELECT "mail" AS "email", "logins"."login" AS "id" FROM "order" JOIN "logins" ON "logins"."who" = "order"."key" ' +
      'WHERE "order"."key" = ?',
  ],
]) {
  test(`names are replaced in: ${statement}`, () => assert.equal(translate(statement), expected));
}

test("without other names a statement stays as it is", () => {
  const statement = "SELECT id, token FROM session WHERE id LIKE 's-%' ORDER BY id";
  assert.equal(translator({})(statement), statement);
});
