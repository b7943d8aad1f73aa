// The command line, run as a program: its words and exit codes are those of the reference (reference, section 4), and
// what it says of the tables is true.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import mysql from "mysql2/promise";
import postgres from "pg";
import { directory, rowsOf, RUNTIMES, SECRET } from "./app.mjs";
import { serverDatabase, stopServers } from "./databases.mjs";

const ROOT = new URL("../../../", import.meta.url);
const read = (path) => readFile(new URL(path, ROOT), "utf8");
const { bin, version } = JSON.parse(await read("js/package.json"));
const PROGRAM = fileURLToPath(new URL(`js/${bin["auth101-wasm"]}`, ROOT));

after(stopServers);

/** What the reference prints for a database of its own. */
const ENSURED = `auth101: User table 'users' ensured.
auth101: Session table 'session' ensured.
auth101: Account table 'account' ensured.
auth101: Verification table 'verification' ensured.
`;

/** Runs the program in a directory, on Node. */
const run = (cwd, ...words) => runBy("node", cwd, ...words);

/** Runs the program in a directory. */
async function runBy(runtime, cwd, ...words) {
  const [program, ...flags] = RUNTIMES[runtime];
  const child = spawn(program, [...flags, PROGRAM, ...words], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const text = async (stream) => (await stream.setEncoding("utf8").toArray()).join("");
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

/** A directory with a configuration over a SQLite file, or over what is given. */
async function project(t, { options = "{}", database = 'sqlite("auth.db")', source } = {}) {
  const path = await directory(t);
  const module = (name) => JSON.stringify(new URL(`js/dist/esm/${name}`, ROOT).href);
  const imports = `
    import { Auth101 } from ${module("entry/server.js")};
    import { sqlite } from ${module("driver/sqlite.js")};
    import { pg } from ${module("driver/pg.js")};
    import { mysql2 } from ${module("driver/mysql2.js")};
    import mysql from ${JSON.stringify(import.meta.resolve("mysql2/promise"))};
    import postgres from ${JSON.stringify(import.meta.resolve("pg"))};
  `;
  const service = `new Auth101({ secret: ${JSON.stringify(SECRET)}, database: ${database}, ...(${options}) })`;
  await writeFile(join(path, "auth101.config.mjs"), imports + (source ?? `export const auth = ${service};`));
  return path;
}

/** The beginning of a module that any runtime loads: it makes services, and has a database in memory. */
const SERVICE = `
  import { Auth101 } from ${JSON.stringify(new URL("js/dist/esm/entry/server.js", ROOT).href)};
  import { sqlite } from ${JSON.stringify(new URL("js/dist/esm/driver/sqlite.js", ROOT).href)};
  const memory = sqlite(":memory:");
  const service = (database) => new Auth101({ secret: ${JSON.stringify(SECRET)}, database });
`;

/** A directory with a configuration of that source and nothing else. */
async function configured(t, source) {
  const path = await directory(t);
  await writeFile(join(path, "auth101.config.mjs"), source);
  return path;
}

const migrate = (path) => run(path, "migrate", "--config", "auth101.config.mjs");
const tables = (path) => rowsOf(join(path, "auth.db"), "SELECT type, name, sql FROM sqlite_master ORDER BY type, name");

/** The statements of a script, without its comments. */
const statements = (script) => script.replaceAll(/^--.*\n/gm, "").trim();

test("migrate makes the tables, and may be repeated", async (t) => {
  const path = await project(t);
  assert.deepEqual(await migrate(path), { code: 0, stdout: ENSURED, stderr: "" });
  const made = tables(path);
  assert.deepEqual(await run(path, "migrate", "-c", "auth101.config.mjs"), { code: 0, stdout: ENSURED, stderr: "" });
  assert.deepEqual(tables(path), made);
});

test("migrate takes the options of a service as well, and closes what it opened", async (t) => {
  const source = `export const auth = { secret: ${JSON.stringify(SECRET)}, database: sqlite("auth.db") };
    setInterval(() => {}, 1_000);`;
  assert.deepEqual(await migrate(await project(t, { source })), { code: 0, stdout: ENSURED, stderr: "" });
});

test("migrate leaves tables that are the host's to the host, and looks whether they will do", async (t) => {
  const options = `{ userFieldMapping: { tableName: "people", email: "mail" }, session: { modelName: "visits" } }`;
  const path = await project(t, { options });
  const skipped = `auth101: User table is your own (skipped).
auth101: Session table customized (skipped).
auth101: Account table 'account' ensured.
auth101: Verification table 'verification' ensured.
`;
  const missing = await migrate(path);
  assert.equal(missing.code, 1);
  assert.equal(missing.stdout, skipped);
  assert.match(missing.stderr, /^auth101: Error: table 'people' does not exist\.$/m);
  assert.match(missing.stderr, /^auth101: Error: table 'visits' does not exist\.\n  CREATE TABLE/m);

  const { stdout } = await run(path, "generate", "--dialect", "sqlite", "--all", "--config", "auth101.config.mjs");
  runScript(join(path, "auth.db"), stdout);
  assert.deepEqual(await migrate(path), { code: 0, stdout: skipped, stderr: "" });
});

test("migrate refuses a table that stands in the way, and changes nothing", async (t) => {
  const path = await project(t);
  runScript(join(path, "auth.db"), "CREATE TABLE users (id VARCHAR(36) PRIMARY KEY, nickname TEXT NOT NULL);");
  const before = tables(path);
  const { code, stdout, stderr } = await migrate(path);
  assert.equal(code, 1);
  assert.equal(stdout, "", "nothing is called ensured");
  assert.match(stderr, /^auth101: Error: table 'users' has no column "email"\.\n  ALTER TABLE "users" ADD COLUMN "email"/m);
  assert.match(stderr, /^auth101: Error: table 'users' has a column "nickname" that needs a value/m);
  assert.match(stderr, /migrate again\.\n$/);
  assert.deepEqual(tables(path), before);
});

test("migrate makes an index of ours again, and only advises one over a table of the host's", async (t) => {
  const ours = await project(t);
  await migrate(ours);
  const made = tables(ours);
  runScript(join(ours, "auth.db"), "DROP INDEX ix_session_user_id;");
  assert.deepEqual(await migrate(ours), { code: 0, stdout: ENSURED, stderr: "" });
  assert.deepEqual(tables(ours), made);

  const theirs = await project(t, { options: '{ session: { modelName: "visits" } }' });
  const { stdout } = await run(theirs, "generate", "--dialect", "sqlite", "--all", "--config", "auth101.config.mjs");
  runScript(join(theirs, "auth.db"), `${stdout}\nDROP INDEX ix_visits_user_id;`);
  const { code, stderr } = await migrate(theirs);
  assert.equal(code, 0);
  assert.match(stderr, /^auth101: Advice: table 'visits' has no index over "user_id", which is searched\.\n  CREATE INDEX/);
});

test("what cannot be loaded is told with what to do", async (t) => {
  const path = await directory(t);
  assert.deepEqual(await run(path, "migrate", "--config", "nowhere.mjs"), {
    code: 1,
    stdout: "",
    stderr:
      "auth101: Config module not found: nowhere.mjs\nUse the path of a file, e.g. auth101.config.mjs\n",
  });
  for (const [source, message] of [
    ["export const database = 1;", /^auth101: Config module 'auth101\.config\.mjs' must define 'auth' \(Auth101\)\nWrite: /],
    ["export const auth = 'text';", /must define 'auth' \(Auth101\)\n/],
    ["import 'not-installed';", /^auth101: Config module 'auth101\.config\.mjs' cannot be loaded:\n.*not-installed/s],
    ["export const auth = new Auth101({});", /^auth101: Configuration: secret: is required;/],
    ["export const auth = { secret: 'x'.repeat(40) };", /^auth101: Configuration: database: is required;/],
    ["export const auth = { secret: 'x'.repeat(40), database: sqlite('a'), sesion: {} };", /^auth101: Configuration: sesion: is not an option/],
  ]) {
    const { code, stdout, stderr } = await migrate(await project(t, { source }));
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" }, source);
    assert.match(stderr, message);
  }
});

test("a database that is away is told as such", async (t) => {
  const database = 'pg(new postgres.Pool({ host: "127.0.0.1", port: 1 }))';
  const { code, stdout, stderr } = await migrate(await project(t, { database }));
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  assert.match(stderr, /"fault":"database_unavailable".*ECONNREFUSED/);
  assert.match(stderr, /^auth101: Service temporarily unavailable/m);
});

for (const runtime of Object.keys(RUNTIMES)) {
  test(`${runtime}: a config module that never comes to its end is a failure, and is told as one`, async (t) => {
    const commands = [["migrate"], ["generate", "--dialect", "sqlite"]];
    for (const source of ["await new Promise(() => {});", "process.exit(0);"]) {
      const path = await configured(t, `${source}\nexport const auth = {};`);
      for (const words of commands) {
        const { code, stdout, stderr } = await runBy(runtime, path, ...words, "--config", "auth101.config.mjs");
        assert.deepEqual({ code, stdout }, { code: 1, stdout: "" }, `${words[0]}: ${source}`);
        // Of an `await` at the top of a module Deno tells by itself, and ends.
        const said = /^auth101: Not done: the process ended before the command did\.$|Top-level await promise never resolved$/m;
        assert.match(stderr, said);
      }
    }
  });

  test(`${runtime}: a database that does not close changes no outcome, and is told`, async (t) => {
    const done = "(...given) => memory.batch(...given)";
    const away = '() => { throw new Error("refused") }';
    const outcomes = Object.entries({
      "() => new Promise(() => {})": "it took longer than 5 seconds",
      '() => { throw Object.assign(new Error("text of the database"), { code: "EIO" }) }': "EIO",
      'async () => { throw Object.assign(new Error("text of the database"), { code: "EIO" }) }': "EIO",
    }).flatMap(([close, reason]) => [done, away].map((batch) => ({ close, reason, batch })));
    // At once, for some of them wait.
    await Promise.all(
      outcomes.map(async ({ close, reason, batch }) => {
        const database = `{ dialect: "sqlite", batch: ${batch}, close: ${close} }`;
        const path = await configured(t, `${SERVICE}\nexport const auth = service(${database});`);
        const { code, stdout, stderr } = await runBy(runtime, path, "migrate", "--config", "auth101.config.mjs");
        const expected = batch === done ? { code: 0, stdout: ENSURED } : { code: 1, stdout: "" };
        assert.deepEqual({ code, stdout }, expected, `${batch} and ${close}: ${stderr}`);
        assert.ok(stderr.includes(`auth101: The database was not closed (${reason}).`), stderr);
        assert.doesNotMatch(stderr, /text of the database/);
        assert.equal(/^auth101: Service temporarily unavailable/m.test(stderr), batch === away, stderr);
      }),
    );
  });
}

test("generate prints what `cargo xtask schema` renders, and asks no database", async (t) => {
  const path = await directory(t);
  const { code, stdout, stderr } = await run(path, "generate", "--dialect", "sqlite");
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.equal(statements(stdout), statements(await read("migrations/0001_auth101.sql")));

  const options = `{ user: { modelName: "members", fields: { email: "mail" } }, session: { modelName: "visits" } }`;
  const away = `{ dialect: "mysql", batch() { throw new Error("asked"); } }`;
  const service = await project(t, { options, database: away });
  // Of options the names only are looked at: neither secret nor database need be there.
  const plain = await project(t, { source: `export const auth = ${options};` });
  for (const dialect of ["sqlite", "postgres", "mysql"]) {
    const words = ["generate", "--dialect", dialect, "--config", "auth101.config.mjs"];
    const [first, second] = [await run(service, ...words), await run(plain, ...words)];
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(second, first);
    assert.match(first.stdout, /members/);
    assert.match(first.stdout, /mail/);
    assert.doesNotMatch(first.stdout, /visits/, "a customised table is the host's to create");
    assert.match((await run(plain, ...words, "--all")).stdout, /visits/);
  }
});

for (const product of ["postgres", "mariadb"]) {
  test(`on ${product}: migrate, generate and a table in the way`, async (t) => {
    const url = await serverDatabase(product);
    const path = await project(t, { database: driverOf(product, url) });
    assert.deepEqual(await migrate(path), { code: 0, stdout: ENSURED, stderr: "" });
    assert.deepEqual(await migrate(path), { code: 0, stdout: ENSURED, stderr: "" });
    await runOn(product, url, `ALTER TABLE ${product === "postgres" ? '"session"' : "`session`"} DROP COLUMN token`);
    const { code, stdout, stderr } = await migrate(path);
    assert.equal(code, 1);
    assert.doesNotMatch(stdout, /Session/);
    assert.match(stderr, /^auth101: Error: table 'session' has no column "token"\.\n  ALTER TABLE/m);

    const other = await serverDatabase(product);
    const dialect = product === "postgres" ? "postgres" : "mysql";
    await runOn(product, other, (await run(path, "generate", "--dialect", dialect)).stdout);
    const generated = await project(t, { database: driverOf(product, other) });
    assert.deepEqual(await migrate(generated), { code: 0, stdout: ENSURED, stderr: "" });
  });
}

test("--help and --version succeed, and what is no command ends with 2 and the usage", async (t) => {
  const path = await directory(t);
  for (const words of [["--help"], ["-h"], ["migrate", "--help"]]) {
    const { code, stdout, stderr } = await run(path, ...words);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, /^usage: auth101-wasm .*migrate.*generate/);
  }
  assert.deepEqual(await run(path, "--version"), { code: 0, stdout: `${version}\n`, stderr: "" });
  for (const [words, message] of [
    [[], "a command is required: migrate or generate"],
    [["migrat"], "invalid choice: 'migrat' (choose from migrate, generate)"],
    [["migrate"], "the following arguments are required: --config/-c"],
    [["migrate", "-c", "a.mjs", "more"], "unrecognized arguments: more"],
    [["migrate", "-c", "a.mjs", "--all"], "migrate has no option --all"],
    [["generate"], "the following arguments are required: --dialect"],
    [["generate", "--dialect", "oracle"], "argument --dialect: invalid choice: 'oracle' (choose from sqlite, postgres, mysql)"],
    [["generate", "--what"], "Unknown option '--what'"],
  ]) {
    const { code, stdout, stderr } = await run(path, ...words);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" }, words.join(" "));
    assert.match(stderr, /^usage: auth101-wasm /);
    assert.equal(stderr.trimEnd().split("\n").at(-1), `auth101-wasm: error: ${message}`);
  }
});

function driverOf(product, url) {
  const given = JSON.stringify(url);
  return product === "postgres"
    ? `pg(new postgres.Pool({ connectionString: ${given} }))`
    : `mysql2(mysql.createPool(${given}))`;
}

async function runOn(product, url, script) {
  if (product === "postgres") {
    const client = new postgres.Client({ connectionString: url });
    await client.connect();
    await client.query(script).finally(() => client.end());
  } else {
    const connection = await mysql.createConnection({ uri: url, multipleStatements: true });
    await connection.query(script).finally(() => connection.end());
  }
}

function runScript(file, script) {
  const database = new DatabaseSync(file);
  database.exec(script);
  database.close();
}
