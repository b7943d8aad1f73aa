// A SQLite file that another connection is writing: batches wait for it, and nothing else waits with them.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { queue } from "../../../js/dist/esm/driver/locked.js";
import { sqlite } from "../../../js/dist/esm/driver/sqlite.js";
import { serviceOver } from "./service.mjs";

const ADA = { email: "ada@example.com", password: "password" };
const TRANSACTION = { begin: ["BEGIN IMMEDIATE"] };
const insert = (n) => ({ sql: "INSERT INTO numbers (n) VALUES (?)", params: [n] });
const SELECT = { sql: "SELECT n FROM numbers ORDER BY n", params: [] };

/** A driver on a file, and another connection to it, as another process would have. */
async function open(t) {
  const directory = await mkdtemp(join(tmpdir(), "auth101-"));
  const path = join(directory, "auth.db");
  const database = sqlite(path);
  const other = new DatabaseSync(path);
  t.after(() => {
    other.close();
    database.close();
    return rm(directory, { recursive: true });
  });
  other.exec("CREATE TABLE numbers (n INTEGER NOT NULL PRIMARY KEY)");
  return { database, other };
}

/** Gives the lock back when the event loop has turned ten times: it never does where something keeps it from turning. */
function releaseAfterTurns(other) {
  return new Promise((resolve) => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
      if (turns < 10) return;
      clearInterval(timer);
      other.exec("COMMIT");
      resolve();
    }, 1);
  });
}

test("calls wait for another process that writes, and the event loop turns meanwhile", async (t) => {
  const { database, other } = await open(t);
  const { auth, faults } = serviceOver(database);
  assert.equal((await auth.signUp(ADA)).error, undefined);
  other.exec("BEGIN IMMEDIATE");
  let isFree = false;
  const released = releaseAfterTurns(other).then(() => (isFree = true));
  const emails = ["bea@example.com", "cy@example.com", "dan@example.com"];
  const results = await Promise.all(emails.map((email) => auth.signUp({ ...ADA, email })));
  assert.equal(isFree, true);
  assert.deepEqual(results.map(({ error }) => error), [undefined, undefined, undefined]);
  assert.deepEqual(faults, []);
  await released;
});

test("a batch that waits runs whole, in turn with those behind it", async (t) => {
  const { database, other } = await open(t);
  other.exec("BEGIN IMMEDIATE");
  const released = releaseAfterTurns(other);
  const batches = [
    database.batch([insert(1), insert(2)], TRANSACTION),
    database.batch([insert(3)], TRANSACTION),
    database.batch([insert(4), insert(1)], TRANSACTION),
    database.batch([insert(5)], TRANSACTION),
  ];
  const outcomes = await Promise.allSettled(batches);
  await released;
  assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  assert.match(outcomes[2].reason.message, /UNIQUE/);
  assert.deepEqual(database.batch([SELECT], TRANSACTION)[0].rows.map(({ n }) => n), [1, 2, 3, 5]);
});

test("a batch that writes does not overtake one that waits", async () => {
  const inTurn = queue();
  const order = [];
  let locked = true;
  const batch = (name) => () => {
    if (locked) throw new Error("database is locked");
    order.push(name);
  };
  const first = inTurn(batch("first"), { onlyReads: false });
  locked = false;
  await Promise.all([first, inTurn(batch("second"), { onlyReads: false })]);
  assert.deepEqual(order, ["first", "second"]);
});

test("a read does not wait for a writer that has not committed", async (t) => {
  const { database, other } = await open(t);
  other.exec("BEGIN IMMEDIATE");
  const waiting = database.batch([insert(1)], TRANSACTION);
  assert.deepEqual(database.batch([SELECT], TRANSACTION)[0].rows, []);
  other.exec("COMMIT");
  await waiting;
});

test("a batch that cannot commit because others read is rolled back and tried again", async (t) => {
  const { database, other } = await open(t);
  // A reader in the middle of its rows holds up the commit, not the beginning.
  other.exec("INSERT INTO numbers (n) VALUES (1), (2)");
  other.exec("BEGIN");
  other.prepare("SELECT n FROM numbers").all();
  const released = releaseAfterTurns(other);
  const [first] = await database.batch([insert(3), insert(4)], TRANSACTION);
  await released;
  assert.equal(first.affected, 1);
  assert.deepEqual(database.batch([SELECT], TRANSACTION)[0].rows.map(({ n }) => n), [1, 2, 3, 4]);
});

test("a file that stays locked is an outage in the database's own words", async (t) => {
  const { database, other } = await open(t);
  other.exec("BEGIN IMMEDIATE");
  const batches = [database.batch([insert(1)], TRANSACTION), database.batch([insert(2), insert(3)], TRANSACTION)];
  for (const { reason } of await Promise.allSettled(batches)) assert.match(reason.message, /database is locked/);
  other.exec("COMMIT");
  assert.equal(database.batch([insert(1)], TRANSACTION)[0].affected, 1);
});
