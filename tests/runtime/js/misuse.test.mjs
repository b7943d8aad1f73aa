// What hosts do wrong: the wrong client, no tables, connections that are not clean.

import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { createClient } from "@libsql/client";
import BetterSqlite3 from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import mysql from "mysql2/promise";
import postgres from "pg";
import { d1 } from "../../../js/dist/esm/driver/d1.js";
import { libsql } from "../../../js/dist/esm/driver/libsql.js";
import { mysql2 } from "../../../js/dist/esm/driver/mysql2.js";
import { pg } from "../../../js/dist/esm/driver/pg.js";
import { databases, serverDatabase, stopServers } from "./databases.mjs";
import { serviceOver } from "./service.mjs";

const CREDENTIALS = { email: "ada@example.com", password: "password" };
const STRANGER =
  "INSERT INTO users (id, name, email, email_verified, image, is_active, created_at, updated_at) VALUES " +
  "('stranger', '', 'stranger@example.com', false, '', true, '2026-01-01 00:00:00', '2026-01-01 00:00:00')";

after(stopServers);

suite("a client that a driver cannot work with is refused by name", () => {
  const connection = new BetterSqlite3(":memory:");
  const remote = createClient({ url: "http://127.0.0.1:1" });
  const pool = new postgres.Pool();
  const url = "postgresql://user:marker@host/db";
  const wrong = [undefined, null, url, () => undefined, {}, drizzle(connection), connection];
  const drivers = {
    pg: [pg, [remote]],
    mysql2: [mysql2, [remote, pool]],
    libsql: [libsql, [pool]],
    d1: [d1, [remote, pool]],
  };
  for (const [name, [driver, others]] of Object.entries(drivers)) {
    test(`by ${name}`, () => {
      for (const client of [...wrong, ...others]) {
        assert.throws(
          () => driver(client),
          (error) => {
            assert.equal(error.name, "ConfigurationError");
            assert.equal(error.option, "database");
            assert.match(error.message, new RegExp(`${name}\\(\\) takes .+; it was given .+`));
            assert.doesNotMatch(error.message, /marker/);
            return true;
          },
        );
      }
      assert.throws(() => driver(drizzle(connection)), /\$client/);
    });
  }
});

test("a session of D1, which may read from a replica, is refused with what to give instead", () => {
  const session = { prepare() {}, batch() {}, getBookmark() {} };
  assert.throws(() => d1(session), { name: "ConfigurationError", option: "database", message: /d1\(env\.DB\)/ });
});

suite("tables that are missing are named with the command that makes them", () => {
  for (const name of ["a pool of pg", "PGlite", "a pool of mysql2/promise"]) {
    test(`over ${name}`, async () => {
      const { database, close } = await databases[name](2);
      const { auth, faults } = serviceOver(database);
      assert.equal((await auth.signUp(CREDENTIALS)).error.code, "INTERNAL_ERROR");
      const [{ fault, subject, remedy }] = faults;
      assert.deepEqual([fault, subject], ["not_set_up", "users"]);
      assert.match(remedy, /npx auth101-wasm migrate/);
      await auth.migrate();
      assert.equal((await auth.signUp(CREDENTIALS)).error, undefined);
      await close();
    });
  }
});

suite("a transaction that a stranger left open on a connection is rolled back, not committed", () => {
  test("by a pool of pg", async () => {
    const pool = new postgres.Pool({ connectionString: await serverDatabase("postgres"), max: 1 });
    const leaveOpen = async () => {
      const client = await pool.connect();
      await client.query(`BEGIN; ${STRANGER}`);
      client.release();
    };
    await rollsBack(pg(pool), leaveOpen, async () => (await pool.query("SELECT email FROM users")).rows);
    await pool.end();
  });

  test("by a pool of mysql2", async () => {
    const pool = mysql.createPool({ uri: await serverDatabase("mariadb"), connectionLimit: 1 });
    const leaveOpen = async () => {
      const connection = await pool.getConnection();
      await connection.query("BEGIN");
      await connection.query(STRANGER);
      connection.release();
    };
    await rollsBack(mysql2(pool), leaveOpen, async () => (await pool.query("SELECT email FROM users"))[0]);
    await pool.end();
  });

  test("by PGlite", async () => {
    const { database, client, rows } = await databases.PGlite(1);
    await rollsBack(database, () => client.exec(`BEGIN; ${STRANGER}`), () => rows("SELECT email FROM users"));
  });

  async function rollsBack(database, leaveOpen, users) {
    const { auth } = serviceOver(database);
    await auth.migrate();
    await leaveOpen();
    assert.equal((await auth.signUp(CREDENTIALS)).error, undefined);
    assert.deepEqual(await users(), [{ email: CREDENTIALS.email }]);
  }
});

suite("a connection whose transaction cannot be rolled back is destroyed", () => {
  const failing = (text) => /^(SELECT|ROLLBACK$)/.test(text);
  const statements = [{ sql: "SELECT 1", params: [] }];

  for (const [title, fails, destroyed] of [
    ["and one that can is kept", (text) => text === "SELECT 1", false],
    ["by a pool of pg", failing, true],
  ]) {
    test(title, async () => {
      const released = [];
      const query = async (text) => {
        if (fails(text)) throw new Error("the statement fails");
        return { rows: [], rowCount: null };
      };
      const client = { query, release: (destroy) => released.push(destroy) };
      const pool = { connect: async () => client, query, totalCount: 0 };
      await assert.rejects(pg(pool).batch(statements, { begin: ["BEGIN"] }), /the statement fails/);
      assert.deepEqual(released, [destroyed]);
    });
  }

  test("by a pool of mysql2", async () => {
    const ends = [];
    const query = async ({ sql }) => {
      if (failing(sql)) throw new Error("the statement fails");
      return [{ affectedRows: 0 }, undefined];
    };
    const [release, destroy] = ["kept", "destroyed"].map((end) => () => ends.push(end));
    const connection = { query, execute: query, release, destroy };
    const pool = { getConnection: async () => connection, pool: {} };
    await assert.rejects(mysql2(pool).batch(statements, { begin: ["START TRANSACTION"] }), /the statement fails/);
    assert.deepEqual(ends, ["destroyed"]);
  });
});

suite("batches on a single connection follow one another, whatever becomes of each", () => {
  for (const name of ["a client of pg", "a connection of mysql2/promise", "PGlite", "libsql in memory"]) {
    test(`over ${name}`, async () => {
      const { database, rows, close } = await databases[name](1);
      const begin = ["ROLLBACK", "BEGIN"];
      const batch = (...texts) => database.batch(texts.map((sql) => ({ sql, params: [] })), { begin });
      await batch("CREATE TABLE numbers (n INTEGER NOT NULL PRIMARY KEY)");
      const insert = (n) => `INSERT INTO numbers (n) VALUES (${n})`;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) => batch(insert(2 * n), n % 2 === 0 ? insert(2 * n + 1) : insert(2 * n))),
      );
      const expected = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? "fulfilled" : "rejected"));
      assert.deepEqual(outcomes.map(({ status }) => status), expected);
      const kept = (await rows("SELECT n FROM numbers ORDER BY n")).map(({ n }) => Number(n));
      assert.deepEqual(kept, Array.from({ length: 40 }, (_, n) => n).filter((n) => n % 4 < 2));
      await close();
    });
  }
});

test("a connection of pg that is clean is not rolled back: PostgreSQL would log a warning each time", async () => {
  const pool = new postgres.Pool({ connectionString: await serverDatabase("postgres"), max: 1 });
  const warnings = [];
  pool.on("connect", (client) => client.on("notice", ({ message }) => warnings.push(message)));
  const begin = ["ROLLBACK", "BEGIN"];
  for (let batch = 0; batch < 2; batch += 1) await pg(pool).batch([{ sql: "SELECT 1 AS n", params: [] }], { begin });
  assert.deepEqual(warnings, []);
  await pool.end();
});

test("the time zone of a connection that the host uses too is put back", async () => {
  const pool = mysql.createPool({ uri: await serverDatabase("mariadb"), connectionLimit: 1 });
  const { auth } = serviceOver(mysql2(pool));
  await pool.query("SET time_zone = '+05:30'");
  await auth.migrate();
  await auth.signUp(CREDENTIALS);
  await auth.signUp(CREDENTIALS);
  assert.deepEqual((await pool.query("SELECT @@SESSION.time_zone AS zone"))[0], [{ zone: "+05:30" }]);
  await pool.end();
});
