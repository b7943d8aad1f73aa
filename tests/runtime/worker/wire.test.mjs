// Replays tests/wire over the built Worker in the real workerd, with D1: once with the names that tables and columns have
// by default, once with others.

import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { translator } from "../names.mjs";
import { replayAll } from "../wire.mjs";
import { startWorker } from "./harness.mjs";

const directory = new URL("../../wire/", import.meta.url);
const otherNames = new URL("names/other.json", directory);
const names = (await readdir(directory)).filter((name) => name.endsWith(".json")).sort();
const read = async (name) => [name.slice(0, -5), JSON.parse(await readFile(new URL(name, directory), "utf8"))];
const files = Object.fromEntries(await Promise.all(names.map(read)));

describe("under the names by default", () => replayUnder({}));

describe("under other names for every table and column", async () => {
  replayUnder(JSON.parse(await readFile(otherNames, "utf8")), await printSchema(otherNames));
});

function replayUnder(entities, migration) {
  const translate = translator(entities);
  replayAll(files, { describe, test, before, after }, async ({ secret, ...options }) => {
    const variables = Object.entries({ ...options, ...entities }).map(([name, value]) => [
      `AUTH_${name.toUpperCase()}`,
      value,
    ]);
    const { fetch, db, dispose } = await startWorker({ secret, vars: Object.fromEntries(variables), migration });
    const bound = (value) => (typeof value === "boolean" ? Number(value) : value);
    const sql = async (text, values) => (await db.prepare(translate(text)).bind(...values.map(bound)).all()).results;
    return { fetch, sql, dispose };
  });
}

/** The tables of a configuration as an operator gets them. */
async function printSchema(file) {
  const chore = ["xtask", "schema", "--config", fileURLToPath(file), "--dialect", "sqlite", "--all"];
  const { stdout } = await promisify(execFile)(process.env.CARGO ?? "cargo", chore, { cwd: new URL("../../../", import.meta.url) });
  return stdout;
}
