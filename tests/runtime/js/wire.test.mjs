// Holds the conversations of tests/wire with `handler` on Node, Deno, Bun and in a bundled Worker.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { schema } from "../../../js/dist/esm/entry/server.js";
import { CONFIGURATIONS, NAMINGS, replayAll } from "../conversations.mjs";
import { boundToSqlite } from "../statements.mjs";
import { SqliteTables } from "../tables.mjs";
import { camelCase } from "./camel.mjs";
import { runtimes, start } from "./runtimes.mjs";
import { bundleWorker, startWorker } from "./worker.mjs";

/** Where files are quick: SQLite waits for the disk at each commit. Deno lets nobody into /dev. */
const memory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

for (const [naming, names] of Object.entries(NAMINGS)) {
  const statements = schema({ dialect: "sqlite", all: true, ...camelCase(names) });
  // A server has a service for each configuration, and a request names it by its number.
  const services = CONFIGURATIONS.map((options) => camelCase({ ...options, ...names }));

  for (const runtime of runtimes) {
    describe(`on ${runtime}, under ${naming}`, () => {
      let [place, tables, server] = [];
      before(async () => {
        place = await mkdtemp(join(runtime === "deno" ? tmpdir() : memory, "auth101-"));
        const file = join(place, "auth.db");
        tables = new SqliteTables(file);
        await tables.script(`PRAGMA synchronous = OFF; ${statements.join(";")}`);
        // In one thread, so that the conversations are held over it too.
        const setting = { services: services.map((options) => ({ ...options, hashWorkers: 1 })), file };
        server = await start(runtime, new URL(`wire/${runtime}.mjs`, import.meta.url), {
          env: { AUTH101_TEST: JSON.stringify(setting) },
          permissions: ["--allow-net=127.0.0.1", "--allow-env=AUTH101_TEST", `--allow-read=${place}`, `--allow-write=${place}`],
        });
      });
      after(async () => {
        await server.end();
        await tables.close();
        await rm(place, { recursive: true });
      });
      replayAll(names, async (_, service) => ({
        fetch: fetchFrom(`http://127.0.0.1:${server.line}`, service),
        sql: (statement, values) => tables.run(statement, values),
      }));
    });
  }

  describe(`in a bundled Worker, under ${naming}`, () => {
    let worker;
    before(async () => {
      worker = await startWorker(await bundleWorker(new URL("wire/worker.mjs", import.meta.url)), { SERVICES: services });
      await worker.db.batch(statements.map((statement) => worker.db.prepare(statement)));
    });
    after(() => worker.dispose());
    replayAll(names, async (_, service) => ({
      fetch: fetchFrom(worker.url.origin, service),
      sql: async (statement, values) => (await worker.db.prepare(statement).bind(...boundToSqlite(values)).all()).results,
    }));
  });
}

/** A connection for each request: a runtime closes one whose body it did not read to the end. */
function fetchFrom(origin, service) {
  return (path, init) => {
    const headers = new Headers(init?.headers);
    headers.set("connection", "close");
    headers.set("x-service", service);
    return fetch(new URL(origin + path), { ...init, headers });
  };
}
