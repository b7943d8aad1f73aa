// A libSQL file that another process locks: batches wait for it, and nothing is left behind that locks anybody out. The lock
// must be another process's: those of two libraries in one process do not exclude each other.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClient } from "@libsql/client";
import { libsql } from "../../../js/dist/esm/driver/libsql.js";
import { endsWithThis } from "../children.mjs";

const PROGRAM = fileURLToPath(new URL("program/sql_lines.mjs", import.meta.url));
const TRANSACTION = { begin: ["BEGIN IMMEDIATE"], timeout: 20_000 };
const insert = (n) => ({ sql: "INSERT INTO numbers (n) VALUES (?)", params: [n] });
const SELECT = { sql: "SELECT n FROM numbers ORDER BY n", params: [] };

/** A client and the driver over it, and what runs SQL in another process. */
async function open(t, { wrap = (client) => client } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "auth101-"));
  const path = join(directory, "auth.db");
  const client = createClient({ url: `file:${path}` });
  const database = libsql(wrap(client));
  await client.execute("CREATE TABLE numbers (n INTEGER NOT NULL PRIMARY KEY)");
  const child = endsWithThis(spawn(process.execPath, ["--no-warnings", PROGRAM, path], { stdio: ["pipe", "pipe", "inherit"] }));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const other = async (sql) => {
    child.stdin.write(`${sql}\n`);
    return (await lines.next()).value;
  };
  await lines.next();
  t.after(async () => {
    client.close();
    child.kill();
    await rm(directory, { recursive: true });
  });
  const numbers = async () => (await database.batch([SELECT], TRANSACTION))[0].rows.map(({ n }) => n);
  return { client, database, other, numbers };
}

/** Runs SQL in the other process when the event loop has turned ten times: never, where something keeps it from turning. */
async function afterTurns(other, sql) {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  return other(sql);
}

test("a batch waits for another process that writes, and the event loop turns meanwhile", async (t) => {
  const { database, other, numbers } = await open(t);
  assert.equal(await other("BEGIN IMMEDIATE"), "done");
  const freed = afterTurns(other, "COMMIT");
  const batches = [insert(1), insert(2)].map((statement) => database.batch([statement, SELECT], TRANSACTION));
  await Promise.all(batches);
  assert.equal(await freed, "done");
  assert.deepEqual(await numbers(), [1, 2]);
});

test("a batch that cannot commit since another process reads waits, and nothing is locked afterwards", async (t) => {
  const { database, other, numbers } = await open(t);
  assert.equal(await other("BEGIN"), "done");
  assert.equal(await other("SELECT n FROM numbers"), "done");
  const freed = afterTurns(other, "COMMIT");
  await database.batch([insert(1), SELECT], TRANSACTION);
  assert.equal(await freed, "done");
  assert.equal(await other("INSERT INTO numbers VALUES (2)"), "done");
  assert.deepEqual(await numbers(), [1, 2]);
});

test("a lone read neither waits for a writer nor makes one wait", async (t) => {
  const { database, other, numbers } = await open(t);
  assert.equal(await other("BEGIN IMMEDIATE"), "done");
  assert.deepEqual(await numbers(), []);
  assert.equal(await other("INSERT INTO numbers VALUES (2)"), "done");
  assert.equal(await other("COMMIT"), "done");
  assert.deepEqual(await numbers(), [2]);
});

test("after a lock that lasted too long everything works, and the other process can write", async (t) => {
  const { database, other, numbers } = await open(t);
  assert.equal(await other("BEGIN EXCLUSIVE"), "done");
  const impatient = { ...TRANSACTION, timeout: 200 };
  const batches = [[insert(1)], [insert(2), SELECT], [SELECT]].map((batch) => database.batch(batch, impatient));
  for (const { status } of await Promise.allSettled(batches)) assert.equal(status, "rejected");
  assert.equal(await other("COMMIT"), "done");
  assert.equal(await other("INSERT INTO numbers VALUES (3)"), "done");
  await database.batch([insert(4), SELECT], TRANSACTION);
  assert.equal(await other("INSERT INTO numbers VALUES (5)"), "done");
  assert.deepEqual(await numbers(), [3, 4, 5]);
});

test("a connection that met a lock in the middle of a batch is free again soon", async (t) => {
  // As if the other process had come by just after the driver looked: the look is left out.
  const wrap = (client) => ({
    protocol: client.protocol,
    execute: (statement) => client.execute(statement),
    batch: (statements, mode) => client.batch(statements, mode),
    executeMultiple: async () => {},
  });
  const { database, other, numbers } = await open(t, { wrap });
  assert.equal(await other("BEGIN IMMEDIATE"), "done");
  const freed = afterTurns(other, "COMMIT");
  await database.batch([insert(1), insert(2)], TRANSACTION);
  assert.equal(await freed, "done");
  assert.equal(await other("INSERT INTO numbers VALUES (3)"), "done");
  assert.deepEqual(await numbers(), [1, 2, 3]);
});
