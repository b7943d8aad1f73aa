// Texts that are not UTF-8, which SQLite stores as they come.

import assert from "node:assert/strict";
import { test } from "node:test";
import { databases } from "./databases.mjs";
import { serviceOver } from "./service.mjs";

const ADA = { email: "ada@example.com", password: "password" };

for (const name of ["node:sqlite in a file", "libsql in a file"]) {
  test(`${name}: a text that is not UTF-8 costs its user a character and nobody else anything`, async (t) => {
    const { database, rows, close } = await databases[name](1);
    t.after(close);
    const { auth, faults } = serviceOver(database);
    assert.equal((await auth.signUp(ADA)).error, undefined);
    await rows("UPDATE users SET name = CAST(x'416461ff' AS TEXT)");
    const [odd, other] = await Promise.all([auth.signIn(ADA), auth.signUp({ ...ADA, email: "bea@example.com" })]);
    assert.equal(other.error, undefined);
    assert.equal(odd.error, undefined);
    assert.match(odd.user.name, /^Ada/);
    assert.deepEqual(faults, []);
  });
}
