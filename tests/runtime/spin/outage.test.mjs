// Databases that are away, silent, locked or unusable: every request has an answer within bounds, and once the database is
// back the same host serves.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, open, rm, rmdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import pg from "pg";
import { startProxy } from "../js/proxy.mjs";
import { CHEAP_HASH, json, postgresDatabase, startSpin, until } from "./harness.mjs";

/** Far more than any request may take, in milliseconds. */
const BOUND = 60_000;
const ADA = { email: "ada@example.com", password: "password" };

const ask = (application, path, init) =>
  application.fetch(path, { ...init, signal: AbortSignal.timeout(BOUND) });
const signUp = (application, email) => ask(application, "/auth/sign-up/email", json({ ...ADA, email }));

async function isUnavailable(answer) {
  assert.equal(answer.status, 503);
  assert.equal((await answer.json()).error.code, "UNAVAILABLE");
}

async function isInternal(answer) {
  assert.equal(answer.status, 500);
  assert.equal((await answer.json()).error.code, "INTERNAL_ERROR");
}

/** The lines of JSON in the log that tell a fault. */
const faults = ({ log }) =>
  log.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)).filter(({ fault }) => fault);

/** Waits until each of so many requests has told a fault, which is an outage. */
async function tellsOutages(application, requests = 1) {
  await until(() => faults(application).length === requests);
  assert.deepEqual([...new Set(faults(application).map(({ fault }) => fault))], ["database_unavailable"]);
  application.log = "";
}

/** Runs a claim over a host that is stopped in the end, and everything else that was started. */
async function over(options, claim, ...others) {
  try {
    const application = await startSpin({ ...options, options: { ...CHEAP_HASH, ...options.options } });
    try {
      await claim(application);
    } finally {
      await application.dispose();
    }
  } finally {
    for (const other of others) await other.close();
  }
}

describe("PostgreSQL", { concurrency: 2 }, () => {
  test("a server that is away is an outage, at the first request and at a later one, and serves once it is there", async () => {
    const proxy = await startProxy(await postgresDatabase());
    await proxy.cut();
    await over({ options: { database: proxy.url } }, async (application) => {
      await isUnavailable(await signUp(application, ADA.email));
      await tellsOutages(application);

      await proxy.mend();
      const answer = await signUp(application, ADA.email);
      assert.equal(answer.status, 201);
      const { access_token, refresh_token } = await answer.json();
      const authorization = { authorization: `Bearer ${access_token}` };
      // Several connections lie idle when it happens.
      const sessions = Array.from({ length: 5 }, () => ask(application, "/auth/session", { headers: authorization }));
      for (const session of await Promise.all(sessions)) assert.equal(session.status, 200);

      await proxy.cut();
      const requests = [
        ["/auth/sign-up/email", json({ ...ADA, email: "eve@example.com" })],
        ["/auth/sign-in/email", json(ADA)],
        ["/auth/refresh", json({ refresh_token })],
        ["/auth/session", { headers: authorization }],
        ["/auth/revoke", json({ refresh_token })],
      ];
      for (const [path, init] of requests) await isUnavailable(await ask(application, path, init));
      await tellsOutages(application, requests.length);

      await proxy.mend();
      assert.equal((await ask(application, "/auth/session", { headers: authorization })).status, 200);
      assert.equal((await ask(application, "/auth/sign-in/email", json(ADA))).status, 200);
      assert.deepEqual(faults(application), []);
    }, proxy);
  });

  test("a server that accepts connections and never answers is an outage, and nobody waits for ever", async () => {
    const silent = await listener();
    await over({ options: { database: silent.url } }, async (application) => {
      await isUnavailable(await signUp(application, ADA.email));
      await tellsOutages(application);
    }, silent);
  });

  test("a table that another session has locked is an outage, and serves once the lock is gone", async () => {
    await over({ database: "postgres" }, async (application) => {
      assert.equal((await signUp(application, ADA.email)).status, 201);
      const other = new pg.Client({ connectionString: application.database.url });
      await other.connect();
      try {
        await other.query("BEGIN; LOCK TABLE session IN ACCESS EXCLUSIVE MODE");
        await isUnavailable(await signUp(application, "locked@example.com"));
        await tellsOutages(application);
        await other.query("ROLLBACK");
      } finally {
        await other.end();
      }
      assert.deepEqual(await application.sql("SELECT id FROM users WHERE email = 'locked@example.com'"), []);
      assert.equal((await signUp(application, "locked@example.com")).status, 201);
    });
  });

  test("a password that the server refuses is named also where the server was away at the first request", async () => {
    const refusing = await listener((socket) => socket.once("data", () => socket.end(REFUSAL)));
    await refusing.close();
    await over({ options: { database: refusing.url } }, async (application) => {
      await isUnavailable(await signUp(application, ADA.email));
      await tellsOutages(application);
      await refusing.listen();
      await isInternal(await signUp(application, ADA.email));
      const told = (await until(() => faults(application).find(({ fault }) => fault === "not_set_up")));
      assert.equal(told.subject, "auth_database");
      assert.match(told.problem, /is refused by the server/);
      assert.ok(!application.log.includes("marker"), application.log);
    }, refusing);
  });
});

describe("SQLite", { concurrency: 2 }, () => {
  test("a file that another process has locked is an outage, read meanwhile, and written once the lock is gone", async () => {
    await over({}, async (application) => {
      const { access_token } = await (await signUp(application, ADA.email)).json();
      await application.database.script("BEGIN IMMEDIATE");
      const refused = signUp(application, "locked@example.com");
      const headers = { authorization: `Bearer ${access_token}` };
      assert.equal((await ask(application, "/auth/session", { headers })).status, 200);
      await isUnavailable(await refused);
      await until(() => faults(application).length > 0);
      await application.database.script("ROLLBACK");
      assert.equal((await signUp(application, "locked@example.com")).status, 201);
      assert.equal(await application.count("users"), 2);
    });
  });

  test("a file that cannot be opened or is no database is named, and once it is mended the same host serves", async () => {
    await over({}, async (application) => {
      const file = join(application.folder, "sqlite_db.db");
      await mkdir(file);
      await isInternal(await signUp(application, ADA.email));
      await namesDefault(application);
      await rmdir(file);
      await writeFile(file, "marker".repeat(1_000));
      await isInternal(await signUp(application, ADA.email));
      await namesDefault(application);
      await rm(file);
      assert.equal((await signUp(application, ADA.email)).status, 201);
      assert.deepEqual(faults(application), []);
    });
  });

  test("a file that has become read-only is named, and once it is mended the same host serves", async () => {
    await over({}, async (application) => {
      const file = join(application.folder, "sqlite_db.db");
      assert.equal((await signUp(application, ADA.email)).status, 201);
      await setWriteVersion(file, 3);
      await isInternal(await signUp(application, "eve@example.com"));
      // The refusal of the statement has a line of its own.
      await until(() => faults(application).some(namesLabel));
      await setWriteVersion(file, 1);
      assert.equal((await signUp(application, "eve@example.com")).status, 201);
    });
  });
});

const namesLabel = (fault) => /\bdefault\b/.test(JSON.stringify(fault));

/** Waits for a fault that names the database, as a line of its own or in what mends it. */
async function namesDefault(application) {
  await until(() => faults(application).length > 0);
  assert.deepEqual(faults(application).filter((fault) => !namesLabel(fault)), []);
  application.log = "";
}

/** `FATAL: password authentication failed`, as a server says it after the first message of a client. */
const REFUSAL = (() => {
  const fields = ["SFATAL", "VFATAL", "C28P01", 'Mpassword authentication failed for user "marker"', ""];
  const body = Buffer.from(`${fields.join("\0")}\0`);
  const head = Buffer.from("E\0\0\0\0");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
})();

/** What listens where a PostgreSQL server should: it accepts connections, and does with them what it is told. */
async function listener(accept = () => {}) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    accept(socket);
  });
  const listen = async (port) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await listen(0);
  const { port } = server.address();
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  // Without TLS the first message of a client is the one that names the user.
  return { url: `postgres://user:marker@127.0.0.1:${port}/test?sslmode=disable`, listen: () => listen(port), close };
}

/**
 * Sets the write version in the header of a SQLite file (https://sqlite.org/fileformat2.html): a file with one that is not
 * known is read-only, also for the administrator, whom no permission of the file system stops.
 */
async function setWriteVersion(path, version) {
  const file = await open(path, "r+");
  try {
    const header = Buffer.alloc(28);
    await file.read(header, 0, header.length, 0);
    header.writeUInt8(version, 18);
    // Whoever has the file open sees by the counter that it has changed.
    header.writeUInt32BE(header.readUInt32BE(24) + 1, 24);
    await file.write(header, 0, header.length, 0);
  } finally {
    await file.close();
  }
}
