// What an operator must fix is told as that: 500 and never "temporarily", one fault that names the mistake and the remedy, and
// by `migrate` in the database's own words.

import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { createClient } from "@libsql/client";
import mysql from "mysql2/promise";
import postgres from "pg";
import { libsql } from "../../../js/dist/esm/driver/libsql.js";
import { mysql2 } from "../../../js/dist/esm/driver/mysql2.js";
import { pg } from "../../../js/dist/esm/driver/pg.js";
import { sqlite } from "../../../js/dist/esm/driver/sqlite.js";
import { serverDatabase, stopServers } from "./databases.mjs";
import { startServer } from "./server.mjs";
import { serviceOver } from "./service.mjs";

const ADA = { email: "ada@example.com", password: "password" };

after(stopServers);

/** Makes a call fail over a database, and checks what is told. */
async function tells(database, { cause, remedy, call = (auth) => auth.signUp(ADA) }) {
  const { auth, faults } = serviceOver(database);
  const { error } = await call(auth);
  assert.deepEqual(error, { message: "Internal server error", code: "INTERNAL_ERROR" });
  assert.equal(faults.length, 1, JSON.stringify(faults));
  const [fault] = faults;
  assert.equal(fault.fault, "not_set_up");
  if (cause instanceof RegExp) assert.match(fault.cause, cause);
  else assert.equal(fault.cause, cause);
  assert.ok(fault.subject.length > 0 && fault.problem.length > 0);
  assert.match(fault.remedy, remedy);
}

/** The same for a migration, whose error holds what the database said. */
async function migrationTells(database, { cause, remedy, words }) {
  const call = async (auth) => {
    const error = await auth.migrate().then(() => assert.fail("it migrated"), (error) => error);
    assert.equal(error.name, "ServiceError");
    assert.match(error.cause.message, words);
    return { error: { message: error.message, code: error.code } };
  };
  await tells(database, { cause, remedy, call });
}

const embedded = {
  sqlite: async (path) => sqlite(path),
  libsql: async (path) => libsql(createClient({ url: `file:${path}` })),
};

for (const [name, open] of Object.entries(embedded)) {
  suite(`over ${name}`, () => {
    /** A file with a user, in a directory of its own. */
    async function file(t) {
      const directory = await mkdtemp(join(tmpdir(), "auth101-"));
      t.after(async () => {
        await chmod(directory, 0o777);
        await rm(directory, { recursive: true });
      });
      const path = join(directory, "auth.db");
      const { auth } = serviceOver(sqlite(path));
      assert.equal((await auth.signUp({ ...ADA, email: "bea@example.com" })).error, undefined);
      await auth.close();
      await chmod(directory, 0o777);
      return { directory, path };
    }

    test("a file that cannot be written", async (t) => {
      const { path } = await file(t);
      await chmod(path, 0o444);
      await asNobody(async () => tells(await open(path), { cause: "cannot_write", remedy: /write the file/ }));
    });

    test("a directory that cannot be written, where the journal goes", async (t) => {
      const { directory, path } = await file(t);
      await chmod(path, 0o666);
      await chmod(directory, 0o555);
      await asNobody(async () => tells(await open(path), { cause: /^cannot_/, remedy: /directory/ }));
    });
  });
}

test("a file that is not a database", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "auth101-"));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "auth.db");
  await writeFile(path, "not a database, but long enough to be taken for one".repeat(20));
  await tells(sqlite(path), { cause: "not_a_database", remedy: /path/ });
});

test("a file that cannot be opened is refused at construction, with the reason in words", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "auth101-"));
  t.after(() => rm(directory, { recursive: true }));
  const [closed, unreadable] = [join(directory, "closed"), join(directory, "auth.db")];
  await mkdir(closed, { mode: 0o555 });
  await writeFile(unreadable, "", { mode: 0o000 });
  await chmod(directory, 0o755);
  await asNobody(async () => {
    for (const [path, reason] of [
      [join(directory, "none", "auth.db"), /its directory does not exist/],
      [directory, /it is a directory/],
      [join(closed, "auth.db"), /it does not exist, and this process may not write its directory/],
      [unreadable, /lacks the permission to read it/],
    ]) {
      assert.throws(() => sqlite(path), { name: "ConfigurationError", message: reason });
    }
  });
});

/** Root may read and write every file: then the work is done as somebody who may not. */
async function asNobody(work) {
  if (process.getuid() !== 0) return work();
  process.seteuid("nobody");
  try {
    return await work();
  } finally {
    process.seteuid(0);
  }
}

suite("over PostgreSQL", () => {
  /** A database where nobody but its owner makes tables, and what opens it with other settings. */
  async function server(t) {
    const url = new URL(await serverDatabase("postgres"));
    const admin = new postgres.Client({ connectionString: url.href });
    await admin.connect();
    const role = `app${url.pathname.slice(1)}`;
    await admin.query(`CREATE ROLE ${role} LOGIN`);
    const pools = [];
    t.after(async () => {
      for (const pool of pools) await pool.end();
      await admin.end();
    });
    const open = (changes) => {
      const pool = new postgres.Pool({ connectionString: Object.assign(new URL(url), changes).href });
      pools.push(pool);
      return pg(pool);
    };
    return { admin, role, open };
  }

  test("a database that does not exist", async (t) => {
    const { open } = await server(t);
    const mistake = { cause: "missing_database", remedy: /CREATE DATABASE/ };
    await tells(open({ pathname: "/nowhere" }), mistake);
    await migrationTells(open({ pathname: "/nowhere" }), { ...mistake, words: /database "nowhere" does not exist/ });
  });

  test("a user whom the server refuses", async (t) => {
    const { open } = await server(t);
    await tells(open({ username: "nobody_of_ours" }), { cause: "refused_user", remedy: /user and the password/ });
  });

  test("a user without the right to make tables, or to write them", async (t) => {
    const { admin, role, open } = await server(t);
    const mistake = { cause: "missing_right", remedy: /GRANT/ };
    await migrationTells(open({ username: role }), { ...mistake, words: /permission denied for schema public/ });
    await serviceOver(open({})).auth.migrate();
    await admin.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
    await tells(open({ username: role }), mistake);
  });

  test("a standby", async (t) => {
    const product = await startServer("postgres");
    t.after(() => product.stop());
    const url = new URL(await product.database());
    const primary = new postgres.Pool({ connectionString: url.href });
    await serviceOver(pg(primary)).auth.migrate();
    const { rows } = await primary.query("SELECT pg_current_wal_lsn() AS lsn");
    await primary.end();
    url.port = new URL(await product.replica()).port;
    const pool = new postgres.Pool({ connectionString: url.href });
    const isThere = "SELECT pg_last_wal_replay_lsn() >= $1 AS yes";
    while (!(await pool.query(isThere, [rows[0].lsn])).rows[0].yes);
    await tells(pg(pool), { cause: "read_only_server", remedy: /primary/ });
    await pool.end();
  });
});

suite("over MariaDB", () => {
  async function server(t) {
    const url = new URL(await serverDatabase("mariadb"));
    const admin = await mysql.createConnection(url.href);
    const user = `app${url.pathname.slice(1)}`;
    await admin.query(`CREATE USER ${user} IDENTIFIED BY 'right'`);
    await admin.query(`GRANT SELECT ON ${url.pathname.slice(1)}.* TO ${user}`);
    const pools = [];
    t.after(async () => {
      await admin.query("SET GLOBAL read_only = 0");
      for (const pool of pools) await pool.end();
      await admin.end();
    });
    const open = (changes) => {
      const pool = mysql.createPool(Object.assign(new URL(url), changes).href);
      pools.push(pool);
      return mysql2(pool);
    };
    return { admin, database: url.pathname.slice(1), user: { username: user, password: "right" }, open };
  }

  test("a database that does not exist", async (t) => {
    const { open } = await server(t);
    const mistake = { cause: "missing_database", remedy: /CREATE DATABASE/ };
    await tells(open({ pathname: "/nowhere" }), mistake);
    await migrationTells(open({ pathname: "/nowhere" }), { ...mistake, words: /Unknown database 'nowhere'/ });
  });

  test("a user whom the server refuses", async (t) => {
    const { user, open } = await server(t);
    await tells(open({ ...user, password: "wrong" }), { cause: "refused_user", remedy: /user and the password/ });
  });

  test("a user without the right to make tables, or to write them", async (t) => {
    const { user, open } = await server(t);
    const mistake = { cause: "missing_right", remedy: /GRANT/ };
    await migrationTells(open(user), { ...mistake, words: /CREATE command denied/ });
    await serviceOver(open({})).auth.migrate();
    await tells(open(user), mistake);
  });

  test("a server that takes no writes", async (t) => {
    const { admin, database, user, open } = await server(t);
    await serviceOver(open({})).auth.migrate();
    await admin.query(`GRANT ALL ON ${database}.* TO ${user.username}`);
    await admin.query("SET GLOBAL read_only = 1");
    await tells(open(user), { cause: "read_only_server", remedy: /primary/ });
  });
});
