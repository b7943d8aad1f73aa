// Errors of connections that nobody waits on. Without a listener they would end the process, so these tests too.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, suite, test } from "node:test";
import mysql from "mysql2/promise";
import postgres from "pg";
import { mysql2 } from "../../../js/dist/esm/driver/mysql2.js";
import { pg } from "../../../js/dist/esm/driver/pg.js";
import { serverDatabase, stopServers } from "./databases.mjs";
import { serviceOver } from "./service.mjs";

const CREDENTIALS = { email: "ada@example.com", password: "password" };

after(stopServers);

/** A message of PostgreSQL's protocol. */
function message(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(5, type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const WELCOME = [message("R", [0, 0, 0, 0]), message("Z", "I")];
const SHUTDOWN = message("E", "SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0");

/** A PostgreSQL that shuts down in the moment in which it lets a client in: both arrive at once. */
async function closingServer(t) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(Buffer.concat([...WELCOME, SHUTDOWN]));
      socket.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `postgresql://postgres@127.0.0.1:${server.address().port}/postgres`;
}

test("a pool of pg whose server shuts down right after it let the client in is UNAVAILABLE", async (t) => {
  const pool = new postgres.Pool({ connectionString: await closingServer(t) });
  const { auth } = serviceOver(pg(pool));
  for (let call = 0; call < 3; call += 1) assert.equal((await auth.signIn(CREDENTIALS)).error.code, "UNAVAILABLE");
  await pool.end();
});

test("a client of pg whose server shuts down right after it let the client in is UNAVAILABLE", async (t) => {
  const { auth } = serviceOver(pg(new postgres.Client({ connectionString: await closingServer(t) })));
  assert.equal((await auth.signIn(CREDENTIALS)).error.code, "UNAVAILABLE");
});

/** From the name of a pool to what it takes to have a connection of it ended by the server. */
const pools = {
  "a pool of pg": {
    driver: pg,
    open: async () => new postgres.Pool({ connectionString: await serverDatabase("postgres") }),
    take: (pool) => pool.connect(),
    emitter: (client) => client,
    // `once` would fail at the error itself.
    closed: (client) => new Promise((resolve) => client.on("end", resolve)),
    end: async (pool, client) => {
      const { rows } = await client.query("SELECT pg_backend_pid() AS id");
      await pool.query("SELECT pg_terminate_backend($1)", [rows[0].id]);
    },
  },
  "a pool of mysql2": {
    driver: mysql2,
    open: async () => mysql.createPool(await serverDatabase("mariadb")),
    take: (pool) => pool.getConnection(),
    emitter: (client) => client.connection,
    closed: (client) => once(client.connection.stream, "close"),
    end: (pool, client) => pool.query(`KILL ${client.threadId}`),
  },
};

for (const [name, { driver, open, take, emitter, closed, end }] of Object.entries(pools)) {
  suite(`over ${name}`, () => {
    test("a connection that the server ends while the host has it ends nothing else", async () => {
      const pool = await open();
      const { auth } = serviceOver(driver(pool));
      await auth.migrate();
      const client = await take(pool);
      const gone = closed(client);
      await end(pool, client);
      await gone;
      client.release();
      assert.equal((await auth.signUp(CREDENTIALS)).error, undefined);
      await pool.end();
    });

    test("a second error of the same connection is no more than the first", async () => {
      const pool = await open();
      driver(pool);
      const client = await take(pool);
      for (const message of ["lost", "lost again"]) emitter(client).emit("error", new Error(message));
      client.release();
      await pool.end();
    });

    test("a connection that the pool had before it came to the driver is covered as well", async () => {
      const pool = await open();
      const early = await take(pool);
      early.release();
      driver(pool);
      const client = await take(pool);
      assert.equal(emitter(client), emitter(early));
      for (const message of ["lost", "lost again"]) emitter(client).emit("error", new Error(message));
      client.release();
      await pool.end();
    });
  });
}
