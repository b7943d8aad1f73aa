// Replays tests/wire over the built Worker in the real workerd, with D1.

import { after, before, describe, test } from "node:test";
import { readdir, readFile } from "node:fs/promises";
import { replayAll } from "../wire.mjs";
import { startWorker } from "./harness.mjs";

const directory = new URL("../../wire/", import.meta.url);
const names = (await readdir(directory)).filter((name) => name.endsWith(".json")).sort();
const read = async (name) => [name.slice(0, -5), JSON.parse(await readFile(new URL(name, directory), "utf8"))];
const files = Object.fromEntries(await Promise.all(names.map(read)));

replayAll(files, { describe, test, before, after }, async ({ secret, ...options }) => {
  const variables = Object.entries(options).map(([name, value]) => [`AUTH_${name.toUpperCase()}`, value]);
  const { fetch, db, dispose } = await startWorker({ secret, vars: Object.fromEntries(variables) });
  const bound = (value) => (typeof value === "boolean" ? Number(value) : value);
  const sql = async (text, values) => (await db.prepare(text).bind(...values.map(bound)).all()).results;
  return { fetch, sql, dispose };
});
