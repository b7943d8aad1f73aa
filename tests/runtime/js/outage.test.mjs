// A database that goes away and comes back, and connections that break under a batch.

import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import mysql from "mysql2/promise";
import postgres from "pg";
import { mysql2 } from "../../../js/dist/esm/driver/mysql2.js";
import { pg } from "../../../js/dist/esm/driver/pg.js";
import { serverDatabase, stopServers } from "./databases.mjs";
import { startProxy } from "./proxy.mjs";
import { serviceOver } from "./service.mjs";

const CREDENTIALS = { email: "ada@example.com", password: "password" };

after(stopServers);

/** From the name of a pool to what opens it on a URL. No pool has a listener for errors: hosts forget it. */
const pools = {
  "a pool of pg": ["postgres", (url) => poolOf(pg, new postgres.Pool({ connectionString: url }))],
  "a pool of mysql2": ["mariadb", (url) => poolOf(mysql2, mysql.createPool(url))],
};
const poolOf = (driver, client) => ({ database: driver(client), close: () => client.end() });

for (const [name, [product, open]] of Object.entries(pools)) {
  suite(`over ${name}`, () => {
    test("a database that is away is UNAVAILABLE, and one that is back works again", () =>
      over(product, open, async ({ auth, faults, proxy }) => {
        const { access_token, refresh_token } = await auth.signUp(CREDENTIALS);
        // Several connections lie idle when it happens.
        await Promise.all(Array.from({ length: 5 }, () => auth.getSession(access_token)));
        await proxy.cut();
        const calls = [
          () => auth.signUp({ ...CREDENTIALS, email: "eve@example.com" }),
          () => auth.signIn(CREDENTIALS),
          () => auth.refresh(refresh_token),
          () => auth.getSession(access_token),
          () => auth.revokeSession(refresh_token),
        ];
        for (const call of calls) assert.equal((await call()).error.code, "UNAVAILABLE", `${call}`);
        await assert.rejects(auth.verifyToken(access_token), { name: "ServiceError", code: "UNAVAILABLE" });
        await assert.rejects(auth.purge(), { code: "UNAVAILABLE" });
        const headers = { authorization: `Bearer ${access_token}` };
        const response = await auth.handler(new Request("http://localhost/auth/session", { headers }));
        assert.equal(response.status, 503);
        assert.ok(faults.length > 0 && faults.every(({ fault }) => fault === "database_unavailable"));
        await proxy.mend();
        assert.equal((await auth.getSession(access_token)).error, undefined);
        assert.equal((await auth.signIn(CREDENTIALS)).error, undefined);
      }));

    test("calls whose connection breaks under them end, and leave all of a batch or nothing", () =>
      over(product, open, async ({ auth, proxy }) => {
        const emails = Array.from({ length: 100 }, (_, index) => `user${index}@example.com`);
        const signUp = (email) => auth.signUp({ email, password: "password" });
        const running = emails.map(signUp);
        // One has committed; most of the others are under way.
        await Promise.race(running);
        await proxy.cut();
        const results = await Promise.all(running);
        assert.ok(results.some(({ error }) => error === undefined));
        const codes = new Set(results.map(({ error }) => error?.code));
        assert.deepEqual(codes, new Set([undefined, "UNAVAILABLE"]));
        await proxy.mend();
        for (const [index, email] of emails.entries()) {
          const { error } = await signUp(email);
          // Where the answer was lost after the commit, the user is there, with the account that a sign-in needs.
          const isThere = error?.code === "USER_EXISTS";
          if (results[index].error === undefined) assert.ok(isThere, email);
          assert.equal((await auth.signIn({ email, password: "password" })).error, undefined, email);
        }
      }));
  });
}

test("a client of pg that cannot be connected is UNAVAILABLE", async (t) => {
  const proxy = await startProxy(await serverDatabase("postgres"));
  t.after(() => proxy.close());
  await proxy.cut();
  const { auth } = serviceOver(pg(new postgres.Client({ connectionString: proxy.url })));
  for (let call = 0; call < 2; call += 1) assert.equal((await auth.signIn(CREDENTIALS)).error.code, "UNAVAILABLE");
});

test("a client of pg that loses its connection is UNAVAILABLE", async (t) => {
  const proxy = await startProxy(await serverDatabase("postgres"));
  t.after(() => proxy.close());
  const { auth } = serviceOver(pg(new postgres.Client({ connectionString: proxy.url })));
  await auth.migrate();
  await proxy.cut();
  for (let call = 0; call < 2; call += 1) assert.equal((await auth.signIn(CREDENTIALS)).error.code, "UNAVAILABLE");
});

test("batches that were given up behind a single connection that hangs keep no statements", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  let breaks;
  const hanging = new Promise((_, reject) => (breaks = reject));
  const database = pg({ connect: async () => {}, query: () => hanging, on() {}, removeListener() {} });
  const first = database.batch([{ sql: "SELECT 1", params: [] }], { begin: ["BEGIN"] });
  const kept = Array.from({ length: 100 }, () => {
    const giveUp = new AbortController();
    const statements = [{ sql: "SELECT ?", params: ["a hash"] }];
    const batch = database.batch(statements, { begin: ["BEGIN"], signal: giveUp.signal });
    giveUp.abort();
    return { ended: assert.rejects(batch, { name: "AbortError" }), statements: new WeakRef(statements) };
  });
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  assert.equal(kept.filter(({ statements }) => statements.deref() !== undefined).length, 0);
  breaks(new Error("the connection has broken"));
  await assert.rejects(first, /has broken/);
  await Promise.all(kept.map(({ ended }) => ended));
});

async function over(product, open, claim) {
  const proxy = await startProxy(await serverDatabase(product));
  const { database, close } = open(proxy.url);
  const { auth, faults } = serviceOver(database);
  try {
    await auth.migrate();
    await claim({ auth, faults, proxy });
  } finally {
    await close();
    await proxy.close();
  }
}
