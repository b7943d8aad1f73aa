// A batch ends with its time: nothing of it commits later, and it keeps neither connection nor lock.

import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import mysql from "mysql2/promise";
import postgres from "pg";
import { mysql2 } from "../../../js/dist/esm/driver/mysql2.js";
import { pg } from "../../../js/dist/esm/driver/pg.js";
import { serverDatabase, stopServers } from "./databases.mjs";
import { startProxy } from "./proxy.mjs";

after(stopServers);

/** Milliseconds that a batch of these tests has, where it is not to finish. */
const SHORT = 300;
/** Milliseconds within which what is waited for has happened or never will. */
const LONG = 20_000;

const statement = (sql) => ({ sql, params: [] });
const INSERT = statement("INSERT INTO numbers (n) VALUES (2)");
const UPDATE = statement("UPDATE numbers SET n = 3 WHERE n = 1");
const ALL = "SELECT n FROM numbers";

const products = {
  pg: {
    product: "postgres",
    begin: ["ROLLBACK", "BEGIN"],
    open: (connectionString, max) => new postgres.Pool({ connectionString, max }),
    openSingle: (connectionString) => new postgres.Client({ connectionString }),
    driver: pg,
    take: async (pool) => pool.connect(),
    rows: async (pool, sql) => (await pool.query(sql)).rows,
    sleeping: (seconds) => `SELECT pg_sleep(${seconds})`,
    waits: "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'",
  },
  mysql2: {
    product: "mariadb",
    begin: ["ROLLBACK", "START TRANSACTION"],
    open: (uri, connectionLimit) => mysql.createPool({ uri, connectionLimit }),
    openSingle: (uri) => mysql.createConnection(uri),
    driver: mysql2,
    take: (pool) => pool.getConnection(),
    rows: async (pool, sql) => (await pool.query(sql))[0],
    sleeping: (seconds) => `SELECT SLEEP(${seconds})`,
    waits: "SELECT count(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'",
  },
};

for (const [name, { product, begin, open, openSingle, driver, take, rows, sleeping, waits }] of Object.entries(products)) {
  suite(`over a pool of ${name}`, () => {
    /** A table with a row, a pool of so many connections behind its driver, and one of the host's own. */
    async function setUp(t, max) {
      const url = await serverDatabase(product);
      const host = open(url, 5);
      await host.query("CREATE TABLE numbers (n INTEGER NOT NULL PRIMARY KEY)");
      await host.query("INSERT INTO numbers (n) VALUES (1)");
      const proxy = await startProxy(url);
      const pool = open(proxy.url, max);
      t.after(async () => {
        proxy.clear();
        await pool.end();
        await host.end();
        await proxy.close();
      });
      const database = driver(pool);
      const batch = (statements, limits) => database.batch(statements, { begin, ...limits });
      const numbers = async () => (await rows(host, ALL)).map(({ n }) => n).sort();
      return { url, host, pool, proxy, batch, numbers };
    }

    /** Waits until no statement sleeps on the server any more. */
    async function awaken(host) {
      const until = performance.now() + LONG;
      while (Number((await rows(host, waits))[0].n) > 0) {
        assert.ok(performance.now() < until, "a statement that was given up still runs");
        await sleep(50);
      }
    }

    for (const [how, limits] of Object.entries({
      "runs out of time": () => ({ timeout: SHORT }),
      "is aborted": () => ({ timeout: 10 * SHORT, signal: AbortSignal.timeout(SHORT) }),
    })) {
      test(`a batch that ${how} while it waits for a lock leaves its place in the pool, and no trace`, async (t) => {
        const { host, batch, numbers } = await setUp(t, 1);
        const holder = await take(host);
        await holder.query("BEGIN");
        await holder.query("SELECT n FROM numbers WHERE n = 1 FOR UPDATE");
        await assert.rejects(batch([INSERT, UPDATE], limits()), { name: "TimeoutError" });
        const [{ rows }] = await batch([statement(ALL)], { timeout: LONG });
        assert.deepEqual(rows.map(({ n }) => n), [1], "the lock is held, and the only connection is free");
        await holder.query("COMMIT");
        holder.release();
        assert.deepEqual(await numbers(), [1]);
      });

      test(`a statement of a batch that ${how} is ended on the server`, async (t) => {
        const { host, batch, numbers } = await setUp(t, 2);
        await assert.rejects(batch([INSERT, statement(sleeping(60))], limits()), { name: "TimeoutError" });
        await awaken(host);
        await host.query("SELECT n FROM numbers FOR UPDATE");
        assert.deepEqual(await numbers(), [1]);
      });
    }

    test("each statement has only the time that those before it have left", async (t) => {
      const { host, batch, numbers } = await setUp(t, 1);
      const slow = statement(sleeping(0.25));
      await assert.rejects(batch([INSERT, slow, slow, slow, slow, slow, slow, slow, slow], { timeout: 1_000 }));
      await awaken(host);
      assert.deepEqual(await numbers(), [1]);
    });

    test("the wait for a connection counts, and one that comes too late goes back", async (t) => {
      const { pool, batch, numbers } = await setUp(t, 1);
      const taken = await take(pool);
      await assert.rejects(batch([INSERT], { timeout: SHORT }), { name: "TimeoutError" });
      taken.release();
      await batch([statement("INSERT INTO numbers (n) VALUES (4)")], { timeout: LONG });
      assert.deepEqual(await numbers(), [1, 4]);
    });

    test("where the network swallows the answer, the server frees the locks by itself", async (t) => {
      const { host, proxy, batch, numbers } = await setUp(t, 1);
      const ended = assert.rejects(batch([UPDATE, statement(sleeping(0.5))], { timeout: 2_000 }), { name: "TimeoutError" });
      while (Number((await rows(host, waits))[0].n) === 0) await sleep(10);
      proxy.clog();
      await ended;
      // Waits for the lock of the row.
      await host.query("UPDATE numbers SET n = 5 WHERE n = 1");
      proxy.clear();
      assert.deepEqual(await numbers(), [5]);
    });

    test("what a batch sets on a connection is as before after it", async (t) => {
      const { pool, batch } = await setUp(t, 1);
      const settings = product === "mariadb"
        ? "SELECT @@time_zone AS a, @@innodb_lock_wait_timeout AS b, @@max_statement_time AS c, @@idle_transaction_timeout AS d"
        : "SELECT current_setting('statement_timeout') AS a, current_setting('idle_in_transaction_session_timeout') AS b";
      const before = await rows(pool, settings);
      await batch([INSERT], { timeout: 5_000 });
      assert.deepEqual(await rows(pool, settings), before);
      await assert.rejects(batch([INSERT], { timeout: 5_000 }));
      assert.deepEqual(await rows(pool, settings), before);
    });
  });

  test(`a single connection of ${name} rolls back what is given up, and stays usable`, async (t) => {
    const url = await serverDatabase(product);
    const client = await openSingle(url);
    const other = open(url, 1);
    t.after(() => Promise.all([client.end(), other.end()]));
    const database = driver(client);
    const batch = (statements, timeout) => database.batch(statements, { begin, timeout });
    await batch([statement("CREATE TABLE numbers (n INTEGER NOT NULL PRIMARY KEY)")], LONG);
    await assert.rejects(batch([INSERT, statement(sleeping(60))], SHORT), { name: "TimeoutError" });
    // Nothing but the end of the transaction lets this through.
    await other.query("INSERT INTO numbers (n) VALUES (2)");
    await assert.rejects(batch([INSERT], LONG), ({ code, errno }) => code === "23505" || errno === 1062);
    await batch([statement("INSERT INTO numbers (n) VALUES (4)")], LONG);
    assert.deepEqual((await rows(other, ALL)).map(({ n }) => n), [2, 4]);
  });
}

test("MySQL, whose statements know no limit, is told to end one that was given up", async (t) => {
  const url = await serverDatabase("mariadb");
  const [pool, host] = [mysql.createPool({ uri: url, connectionLimit: 1 }), mysql.createPool(url)];
  t.after(() => Promise.all([pool.end(), host.end()]));
  await host.query("CREATE TABLE numbers (n INTEGER NOT NULL PRIMARY KEY)");
  await host.query("INSERT INTO numbers (n) VALUES (1)");
  const holder = await host.getConnection();
  await holder.query("BEGIN");
  await holder.query("SELECT n FROM numbers FOR UPDATE");
  const batch = mysql2(pool).batch([UPDATE], { begin: ["START TRANSACTION"], signal: AbortSignal.timeout(SHORT) });
  await assert.rejects(batch, { name: "TimeoutError" });
  // The lock is held for as long as it is waited for.
  const until = performance.now() + LONG;
  const waiting = "SELECT count(*) AS n FROM information_schema.processlist WHERE info LIKE 'UPDATE numbers%'";
  while (Number((await host.query(waiting))[0][0].n) > 0) {
    assert.ok(performance.now() < until, "it still waits");
    await sleep(50);
  }
  await holder.query("COMMIT");
  holder.release();
});

/** Pools of which each new connection answers as the test says, by one function a connection. */
const fakes = {
  pg: (answers, gone) => {
    const connect = async () => {
      const answer = answers.shift();
      const query = async (sql) => answer(sql) ?? { rows: [], rowCount: 0 };
      return { query, on() {}, release: (destroy) => gone.push(destroy === true) };
    };
    return pg({ connect, query: async () => {}, totalCount: 0 });
  },
  mysql2: (answers, gone) => {
    const getConnection = async () => {
      const answer = answers.shift();
      const query = async ({ sql }) => answer(sql) ?? [{ affectedRows: 0 }];
      return { query, threadId: null, release: () => gone.push(false), destroy: () => gone.push(true) };
    };
    return mysql2({ pool: {}, getConnection });
  },
};

const fails = (error, matches) => (sql) => {
  if (matches.test(sql)) throw Object.assign(new Error("refused"), error);
};

for (const [name, [make, error, matches]] of Object.entries({
  "a standby of PostgreSQL": [fakes.pg, { code: "0A000" }, /BEGIN/],
  "a PostgreSQL that has become read-only": [fakes.pg, { code: "25006" }, /INSERT/],
  "a MySQL replica": [fakes.mysql2, { errno: 1290 }, /INSERT/],
  "a MySQL whose transactions are read-only": [fakes.mysql2, { errno: 1792 }, /INSERT/],
  "a MySQL that has been made read-only": [fakes.mysql2, { errno: 1836 }, /INSERT/],
})) {
  test(`a connection to ${name} leaves the pool`, async () => {
    const gone = [];
    const database = make([fails(error, matches), () => {}], gone);
    await assert.rejects(database.batch([INSERT], { begin: ["BEGIN"] }), { message: "refused" });
    await database.batch([INSERT], { begin: ["BEGIN"] });
    assert.deepEqual(gone, [true, false]);
  });
}

test("a connection whose statement was merely refused stays in the pool", async () => {
  for (const [make, error] of [[fakes.pg, { code: "23505" }], [fakes.mysql2, { errno: 1062 }]]) {
    const gone = [];
    await assert.rejects(make([fails(error, /INSERT/)], gone).batch([INSERT], { begin: ["BEGIN"] }));
    assert.deepEqual(gone, [false]);
  }
});
