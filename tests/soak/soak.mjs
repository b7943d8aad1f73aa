// `cargo xtask soak`: real servers under load, while what happens to databases happens to them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import mysql from "mysql2/promise";
import postgres from "pg";
import { startProxy } from "../runtime/js/proxy.mjs";
import { startServer } from "../runtime/js/server.mjs";
import { Client } from "./client.mjs";
import { brokenInvariants } from "./rows.mjs";

const CLIENTS = 20;
/** Milliseconds within which the service is back after a cause has ended. */
const BACK_WITHIN = 3_000;
/** Milliseconds of ordinary work after each cause. */
const AFTERWARDS = 5_000;

const { values } = parseArgs({ options: { percent: { type: "string", default: "100" } } });
/** How long a cause lasts, in milliseconds: so many seconds, unless the run is a short one. */
const last = (seconds) => (seconds * 1_000 * Number(values.percent)) / 100;
const say = (text) => console.error(`==> ${text}`);

/** What differs between the products. `host` is a pool of the host's own, past the proxy. */
const PRODUCTS = {
  postgres: {
    title: "PostgreSQL",
    open: (connectionString) => new postgres.Pool({ connectionString, max: 3 }).on("error", () => {}),
    take: (pool) => pool.connect(),
    rows: async (client, sql) => (await client.query(sql)).rows,
    terminate: (host) => host.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'"),
    prepare: async (host) => {
      await host.query("CREATE ROLE app LOGIN");
      await host.query("GRANT ALL ON SCHEMA public TO app");
    },
  },
  mariadb: {
    title: "MariaDB",
    open: (uri) => mysql.createPool({ uri, connectionLimit: 3 }),
    take: (pool) => pool.getConnection(),
    rows: async (client, sql) => (await client.query(sql))[0],
    terminate: async (host) => {
      const [threads] = await host.query("SELECT id FROM information_schema.processlist WHERE user = 'app'");
      for (const { id } of threads) await host.query(`KILL ${id}`).catch(() => {});
    },
    prepare: async (host, database) => {
      await host.query("CREATE USER app");
      await host.query(`GRANT ALL ON ${database}.* TO app`);
    },
  },
};

/** From what happens to what does it: it returns when the cause has ended. `others` are the clients that must not feel it. */
const CAUSES = {
  "a host's transaction holds one user's rows for 60 s": async ({ host, take, rows, clients }) => {
    const [{ credentials }] = clients;
    const holder = await take(host);
    const [{ id }] = await rows(holder, `SELECT id FROM users WHERE email = '${credentials.email}'`);
    const held = { users: [id] };
    for (const table of ["account", "session"]) {
      held[table] = (await rows(holder, `SELECT id FROM ${table} WHERE user_id = '${id}'`)).map((row) => row.id);
    }
    await holder.query("BEGIN");
    // By their keys: MySQL would lock the gaps beside them as well, where others insert.
    for (const [table, ids] of Object.entries(held)) {
      for (const id of ids) await holder.query(`SELECT id FROM ${table} WHERE id = '${id}' FOR UPDATE`);
    }
    await sleep(last(60));
    await holder.query("COMMIT");
    holder.release();
    return { spared: clients.slice(1) };
  },
  "the server is killed and starts again, three times": async ({ server }) => {
    for (let restart = 0; restart < 3; restart += 1) {
      if (restart > 0) await sleep(last(5));
      await server.restart();
    }
    return {};
  },
  "every connection is ended every 50 ms for 30 s": async ({ host, terminate }) => {
    for (const end = performance.now() + last(30); performance.now() < end; await sleep(50)) await terminate(host);
    return {};
  },
  "a standby answers under the same name for 10 s": async ({ proxy, replica, primary }) => {
    proxy.aim(replica);
    await proxy.cut();
    await proxy.mend();
    await sleep(last(10));
    // The connections to the standby stay as they are.
    proxy.aim(primary);
    return {};
  },
  "the network swallows all packets for 10 s": async ({ proxy }) => {
    proxy.clog();
    await sleep(last(10));
    proxy.clear();
    return {};
  },
};

async function soak(product) {
  const { title, open, take, rows, terminate, prepare } = PRODUCTS[product];
  const server = await startServer(product);
  const primary = await server.database();
  const host = open(primary);
  await prepare(host, new URL(primary).pathname.slice(1));
  const replica = await server.replica();
  const proxy = await startProxy(primary);
  const url = new URL(proxy.url);
  url.username = "app";

  const program = fileURLToPath(new URL("service.mjs", import.meta.url));
  const service = spawn(process.execPath, [program, product, url.href], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: service.stdout })[Symbol.asyncIterator]();
  const { value: listening } = await lines.next();
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    return new Client(JSON.parse(listening).url, `client${index}@example.com`);
  });
  let isOver = false;
  const running = clients.map((client) => client.run(() => isOver));
  await sleep(AFTERWARDS);

  const table = [];
  for (const [what, happen] of Object.entries(CAUSES)) {
    say(`${title}: ${what}`);
    for (const client of clients) client.calls = [];
    const began = performance.now();
    const { spared = clients } = await happen({ host, take, rows, clients, server, terminate, proxy, replica, primary });
    const ended = performance.now();
    await sleep(AFTERWARDS);
    const calls = spared.flatMap(({ calls }) => calls);
    const failures = calls.filter(({ status }) => status === 0 || status >= 500);
    table.push({
      title,
      what,
      seconds: (ended - began) / 1_000,
      calls: calls.length,
      failures: failures.length,
      isSpared: spared !== clients,
      longest: Math.max(...calls.map(({ began, ended }) => ended - began)),
      back: Math.max(0, ...failures.map(({ began }) => began - ended)),
    });
  }

  isOver = true;
  await Promise.all(running);
  const broken = clients.flatMap(({ broken }) => broken);
  broken.push(...(await brokenInvariants(product, (sql) => rows(host, sql), clients)));
  if (service.exitCode !== null) broken.push(`the process ended with ${service.exitCode}`);
  service.stdin.end();
  const { value: said } = await lines.next();
  const reported = JSON.parse(said ?? "{}");
  if (reported.refresh_reuse_detected > 0) broken.push(`${reported.refresh_reuse_detected} false alarms`);
  if (service.exitCode === null) await once(service, "exit");
  await host.end();
  await proxy.close();
  await server.stop();
  for (const { what, isSpared, failures, longest, back } of table) {
    if (isSpared && (failures > 0 || longest > BACK_WITHIN)) broken.push(`${what}: others had to wait for up to ${longest} ms, ${failures} in vain`);
    if (back > BACK_WITHIN) broken.push(`${what}: the service was back only after ${back} ms`);
  }
  return { table, broken: [...new Set(broken)].map((text) => `${title}: ${text}`), reported };
}

const results = [];
for (const product of Object.keys(PRODUCTS)) results.push(await soak(product));
const cell = (value) => (value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`);
console.log("| server | what happens | calls | in vain | longest answer | back after |");
console.log("|---|---|---:|---:|---:|---:|");
for (const { title, what, calls, failures, isSpared, longest, back } of results.flatMap(({ table }) => table)) {
  const cells = [title, what, `${calls}${isSpared ? " of the others" : ""}`, failures, cell(longest), isSpared ? "-" : cell(back)];
  console.log(`| ${cells.join(" | ")} |`);
}
for (const { reported } of results) console.error(JSON.stringify(reported));
const broken = results.flatMap(({ broken }) => broken);
for (const text of broken) console.error(`broken: ${text}`);
process.exitCode = broken.length > 0 ? 1 : 0;
