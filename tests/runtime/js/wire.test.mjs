// Replays tests/wire through `handler` on Node, Deno, Bun and in a bundled Worker: once with the names that tables and
// columns have by default, once with others.

import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { schema } from "../../../js/dist/esm/entry/server.js";
import { translator } from "../names.mjs";
import { replayAll } from "../wire.mjs";
import { camelCase } from "./camel.mjs";
import { runtimes, start } from "./runtimes.mjs";
import { bundleWorker, startWorker } from "./worker.mjs";

const directory = new URL("../../wire/", import.meta.url);
const names = (await readdir(directory)).filter((name) => name.endsWith(".json")).sort();
const read = async (name) => [name.slice(0, -5), JSON.parse(await readFile(new URL(name, directory), "utf8"))];
const files = Object.fromEntries(await Promise.all(names.map(read)));
const otherNames = JSON.parse(await readFile(new URL("names/other.json", directory), "utf8"));

/** Where files are quick: SQLite waits for the disk at each commit. Deno lets nobody into /dev. */
const memory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** The options of the files, each once: a server has a service for each, and a request names it by its number. */
const services = [...new Set(Object.values(files).map(({ options }) => JSON.stringify(options)))];

for (const [naming, entities] of Object.entries({ "the names by default": {}, "other names": otherNames })) {
  const translate = translator(entities);
  const tables = schema({ dialect: "sqlite", all: true, ...camelCase(entities) });
  const bound = (value) => (typeof value === "boolean" ? Number(value) : value);
  const given = services.map((options) => camelCase({ ...JSON.parse(options), ...entities }));

  for (const runtime of runtimes) {
    describe(`on ${runtime}, under ${naming}`, () => {
      let [place, database, server] = [];
      before(async () => {
        place = await mkdtemp(join(runtime === "deno" ? tmpdir() : memory, "auth101-"));
        const file = join(place, "auth.db");
        database = new DatabaseSync(file);
        database.exec("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF");
        for (const statement of tables) database.exec(statement);
        // In one thread, so that the conversations are held over it too.
        const setting = { services: given.map((options) => ({ ...options, hashWorkers: 1 })), file };
        server = await start(runtime, new URL(`wire/${runtime}.mjs`, import.meta.url), {
          env: { AUTH101_TEST: JSON.stringify(setting) },
          permissions: ["--allow-net=127.0.0.1", "--allow-env=AUTH101_TEST", `--allow-read=${place}`, `--allow-write=${place}`],
        });
      });
      after(async () => {
        await server.end();
        database.close();
        await rm(place, { recursive: true });
      });
      replayAll(files, { describe, test, before, after }, async (options) => ({
        fetch: fetchFrom(`http://127.0.0.1:${server.line}`, options),
        sql: (text, values) => {
          const statement = database.prepare(translate(text));
          return statement.all(...values.map(bound)).map((row) => ({ ...row }));
        },
        dispose: () => {},
      }));
    });
  }

  describe(`in a bundled Worker, under ${naming}`, () => {
    let worker;
    before(async () => {
      worker = await startWorker(await bundleWorker(new URL("wire/worker.mjs", import.meta.url)), { SERVICES: given });
      await worker.db.batch(tables.map((statement) => worker.db.prepare(statement)));
    });
    after(() => worker.dispose());
    replayAll(files, { describe, test, before, after }, async (options) => ({
      fetch: fetchFrom(worker.url.origin, options),
      sql: async (text, values) => (await worker.db.prepare(translate(text)).bind(...values.map(bound)).all()).results,
      dispose: () => {},
    }));
  });
}

/** A connection for each request: a runtime closes one whose body it did not read to the end. */
function fetchFrom(origin, options) {
  return (path, init) => {
    const headers = new Headers(init?.headers);
    headers.set("connection", "close");
    headers.set("x-service", services.indexOf(JSON.stringify(options)));
    return fetch(new URL(origin + path), { ...init, headers });
  };
}
