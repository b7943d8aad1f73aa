// Replays tests/wire over the built component, over SQLite and over PostgreSQL: once with the names that tables and
// columns have by default, once with others.

import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { translator } from "../names.mjs";
import { replayAll } from "../wire.mjs";
import { DATABASES, ROOT, startSpin } from "./harness.mjs";

const directory = new URL("../../wire/", import.meta.url);
const otherNames = new URL("names/other.json", directory);
const names = (await readdir(directory)).filter((name) => name.endsWith(".json")).sort();
const read = async (name) => [name.slice(0, -5), JSON.parse(await readFile(new URL(name, directory), "utf8"))];
const files = Object.fromEntries(await Promise.all(names.map(read)));

for (const database of DATABASES) {
  describe(`on ${database} under the names by default`, async () => {
    replayUnder(database, {}, await printSchema(database));
  });

  describe(`on ${database} under other names for every table and column`, async () => {
    const entities = JSON.parse(await readFile(otherNames, "utf8"));
    replayUnder(database, entities, await printSchema(database, "--config", fileURLToPath(otherNames)));
  });
}

function replayUnder(database, entities, migration) {
  const translate = translator(entities);
  replayAll(files, { describe, test, before, after }, async ({ secret, ...options }) => {
    const application = await startSpin({ database, secret, options: { ...options, ...entities }, migration });
    const sql = (statement, values) => application.sql(translate(statement), values);
    return { fetch: application.fetch, sql, dispose: application.dispose };
  });
}

/** The tables of a configuration as an operator gets them. */
async function printSchema(dialect, ...configuration) {
  const chore = ["xtask", "schema", ...configuration, "--dialect", dialect, "--all"];
  const { stdout } = await promisify(execFile)(process.env.CARGO ?? "cargo", chore, { cwd: ROOT });
  return stdout;
}
