#!/usr/bin/env node
/**
 * `npx auth101-wasm`: the counterpart of the reference's command `auth101`.
 *
 * @module
 */

import { readFileSync, realpathSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Dialect } from "../driver/database.js";
import { isConfigurationError } from "./config.js";
import { generate } from "./generate.js";
import { migrate } from "./migrate.js";
import { Refusal, UsageError } from "./refusal.js";

const USAGE = `usage: auth101-wasm [-h] [--version] {migrate,generate} ...
       auth101-wasm migrate --config FILE
       auth101-wasm generate --dialect {sqlite,postgres,mysql} [--config FILE] [--all]`;

const HELP = `${USAGE}

commands:
  migrate            make the tables that are not there yet, and compare all of them with what is needed
  generate           print the SQL that makes the tables, for wrangler d1, spin, psql or mysql; asks no database

options:
  -c, --config FILE  a module that exports 'auth': an Auth101, or the options of one
  --dialect NAME     sqlite (also D1 and libSQL), postgres or mysql (also MariaDB)
  --all              print also the tables that the configuration declares to be your own
  -h, --help         show this help and exit
  --version          show the version and exit

exit codes:
  0 done; 1 not done, or the tables cannot be used as they are; 2 the command line is no command`;

const DIALECTS: readonly string[] = ["sqlite", "postgres", "mysql"] satisfies Dialect[];

const OPTIONS = {
  config: { type: "string", short: "c" },
  dialect: { type: "string" },
  all: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

function parse(words: string[]): { values: Values; command: string | undefined } {
  try {
    const { values, positionals } = parseArgs({ args: words, options: OPTIONS, allowPositionals: true });
    const [command, ...others] = positionals;
    if (others.length > 0) throw new UsageError(`unrecognized arguments: ${others.join(" ")}`);
    return { values, command };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Node's sentence, without its advice about words that begin with a dash.
    throw new UsageError(error instanceof Error ? error.message.replace(/\. To specify.*/s, "") : String(error));
  }
}

async function run(words: string[]): Promise<number> {
  const { values, command } = parse(words);
  if (values.help) return print(HELP);
  if (values.version) return print(version());
  switch (command) {
    case "migrate":
      refuse(values, command, ["dialect", "all"]);
      return migrate(required(values.config, "--config/-c"));
    case "generate":
      return generate(dialect(required(values.dialect, "--dialect")), values.config, values.all ?? false);
    case undefined:
      throw new UsageError("a command is required: migrate or generate");
    default:
      throw new UsageError(`invalid choice: '${command}' (choose from migrate, generate)`);
  }
}

function refuse(values: Values, command: string, options: (keyof Values)[]): void {
  for (const option of options) {
    if (values[option] !== undefined) throw new UsageError(`${command} has no option --${option}`);
  }
}

function required(value: string | undefined, option: string): string {
  if (value === undefined) throw new UsageError(`the following arguments are required: ${option}`);
  return value;
}

function dialect(name: string): Dialect {
  if (DIALECTS.includes(name)) return name as Dialect;
  throw new UsageError(`argument --dialect: invalid choice: '${name}' (choose from ${DIALECTS.join(", ")})`);
}

function print(text: string): number {
  console.log(text);
  return 0;
}

function version(): string {
  // What was started is this file, perhaps by a link to it.
  const manifest = new URL("../../../package.json", pathToFileURL(realpathSync(process.argv[1] ?? "")));
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

function explain(error: unknown): number {
  if (error instanceof UsageError) {
    console.error(`${USAGE}\nauth101-wasm: error: ${error.message}`);
    return 2;
  }
  if (error instanceof Refusal) console.error(error.message);
  else if (isConfigurationError(error)) console.error(`auth101: Configuration: ${error.message}`);
  else console.error(error);
  return 1;
}

/** How the command ended, once it has. */
let outcome: number | undefined;

// A process that has nothing left to wait for ends, whatever is still awaited, and by itself with 0.
process.exitCode = 1;
process.on("exit", (code) => {
  if (outcome !== undefined) return;
  if (code === 0) process.exitCode = 1;
  // Nothing that waits for its turn is written any more.
  writeSync(
    2,
    "auth101: Not done: the process ended before the command did.\n" +
      "Something that was awaited never came, as an `await` of the config module's, or the process was told to exit.\n",
  );
});

run(process.argv.slice(2))
  .catch(explain)
  .then((code) => {
    outcome = code;
    process.exitCode = code;
    // A module of the host's may keep connections open: what was printed is let out, then the process ends.
    process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
  });
