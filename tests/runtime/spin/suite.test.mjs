// The suites that every driver and every store must pass, inside a component, on the databases of its host.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DATABASES, startSpin, until } from "./harness.mjs";

for (const database of DATABASES) {
  describe(`on ${database}`, () => {
    for (const suite of ["driver", "store"]) {
      test(`every claim of the ${suite} suite holds`, async () => {
        const application = await startSpin({ database, manifest: "crates/auth101-spin-suite/spin.toml" });
        try {
          const response = await application.fetch(`/${suite}/${database}`);
          // A claim that fails ends the instance, and the answer with it.
          const text = await response.text().catch((error) => `broke off: ${error.message}`);
          const held = text.split("\n").filter((line) => line.startsWith("ok "));
          assert.match(text, new RegExp(`^done ${held.length}$`, "m"), `${text}\n${application.log}`);
          assert.ok(held.length >= 10, text);
        } finally {
          await application.dispose();
        }
      });
    }
  });
}

test("a batch on postgres that is given up is rolled back at once, and not by the server's time limit", async () => {
  const application = await startSpin({ database: "postgres", manifest: "crates/auth101-spin-suite/spin.toml" });
  try {
    assert.equal(await (await application.fetch("/abandon/postgres")).text(), "abandoned\n");
    const ours = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    const open = `SELECT count(*) AS n ${ours} AND state <> 'idle'`;
    await until(async () => Number((await application.sql(open))[0].n) === 0, 60_000);
    // The server's limit would have ended the connection.
    assert.equal(Number((await application.sql(`SELECT count(*) AS n ${ours}`))[0].n), 1);
  } finally {
    await application.dispose();
  }
});

test("a batch on sqlite that is given up is rolled back, and its instance writes on", async () => {
  const migration = "CREATE TABLE abandoned (id INTEGER)";
  const application = await startSpin({ migration, manifest: "crates/auth101-spin-suite/spin.toml" });
  try {
    assert.equal(await (await application.fetch("/abandon/sqlite")).text(), "abandoned\nthen Ok(())\n");
    assert.deepEqual(await application.sql("SELECT id FROM abandoned"), [{ id: 2 }]);
  } finally {
    await application.dispose();
  }
});
