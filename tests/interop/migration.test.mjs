// The commands of docs/migrating-from-python.md bring what Python wrote into D1, and back.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { withNames } from "../runtime/statements.mjs";
import { startWorker } from "../runtime/worker/harness.mjs";
import { client, refused, somebody, succeeded } from "./client.mjs";
import { forPython, newDatabase, stopDatabases } from "./databases.mjs";
import { bareCheckout, block, DATABASE_ID, newCheckout, runBlock } from "./page.mjs";
import { PYTHON, startPython } from "./python.mjs";

const SECRET = "one-secret-before-and-after-the-migration";
// What 980 of the thousand have: hashes by the same library at a small cost, for those of the package's cost take minutes.
// The configuration is of that cost too, so that no sign-in replaces a hash: that is shown elsewhere.
const CHEAP = { AUTH_ALLOW_WEAK_ARGON2: true, AUTH_ARGON2_MEMORY: 1_024, AUTH_ARGON2_ITERATIONS: 1 };

after(stopDatabases);

/** What the page has for the address of a database. */
const EXAMPLE = "postgresql+psycopg2://user@host/name";

test("a thousand users of Python, 980 with cheap hashes, move from SQLite to D1 and back with their sessions", async () => {
  const directory = await newCheckout("sqlite");
  const people = await fill(`sqlite:///${path.join(directory, "app.db")}`, 1_000, 20);
  await runBlock("export", directory, { [EXAMPLE]: "sqlite:///app.db" });
  await runBlock("import", directory);
  const refreshed = await withWorker(directory, async (worker) => {
    await each(people, async ({ email, password, id }) => {
      assert.equal(succeeded(await worker.signIn(email, password)).user.id, id);
    });
    refused(await worker.signIn(people[0].email, "another password"), "401 INVALID_CREDENTIALS");
    const answers = new Map();
    await each(people, async ({ id, refresh_token }) => {
      const answer = succeeded(await worker.refresh(refresh_token));
      assert.equal(answer.user.id, id);
      answers.set(id, answer.refresh_token);
    });
    const fresh = somebody();
    const { user, refresh_token } = succeeded(await worker.signUp(fresh.email, fresh.password));
    people.push({ ...fresh, id: user.id });
    answers.set(user.id, refresh_token);
    return answers;
  });
  assert.equal(refreshed.size, 1_001);

  await runBlock("back-to-sqlite", directory);
  await withPython("Flask", `sqlite:///${path.join(directory, "back.db")}`, async (python) => {
    const [{ n }] = await python.sql("SELECT COUNT(*) AS n FROM {users}");
    assert.equal(n, 1_001);
    await each([...people.slice(0, 30), people.at(-1)], async ({ email, password, id }) => {
      assert.equal(succeeded(await python.signIn(email, password)).user.id, id);
      assert.equal(succeeded(await python.refresh(refreshed.get(id))).user.id, id);
    });
  });
});

test("the script writes every row as it is, and says how many", async () => {
  const directory = await newCheckout("script");
  await fill(`sqlite:///${path.join(directory, "app.db")}`, 8, 0);
  const { stderr } = await runBlock("export", directory, { [EXAMPLE]: "sqlite:///app.db" });
  assert.equal(stderr, "users: 8 rows\naccount: 8 rows\nsession: 8 rows\nverification: 0 rows\n");
  const imported = new DatabaseSync(":memory:");
  for (const file of ["migrations/0001_auth101.sql", "rows.sql"]) {
    imported.exec(await readFile(path.join(directory, file), "utf8"));
  }
  const source = new DatabaseSync(path.join(directory, "app.db"));
  for (const table of ["users", "account", "session"]) {
    const [moved, written] = [imported, source].map((database) => database.prepare(`SELECT * FROM ${table} ORDER BY id`).all());
    assert.equal(moved.length, 8);
    assert.deepEqual(moved, written);
  }
});

test("a second copy of D1 has what was written after the first", async () => {
  const directory = await newCheckout("again");
  await fill(`sqlite:///${path.join(directory, "app.db")}`, 2, 0);
  await runBlock("export", directory, { [EXAMPLE]: "sqlite:///app.db" });
  await runBlock("import", directory);
  await runBlock("back-to-sqlite", directory);
  const { email, password } = somebody();
  await withWorker(directory, async (worker, sql) => {
    succeeded(await worker.signUp(email, password));
    await sql("DELETE FROM users WHERE email = 'quo\"te;--@example.com'");
  });
  await runBlock("back-to-sqlite", directory);
  const addresses = new DatabaseSync(path.join(directory, "back.db")).prepare("SELECT email FROM users ORDER BY email").all();
  assert.deepEqual(addresses.map((row) => row.email), ["o'brien@example.com", email]);
});

for (const product of ["sqlite", "postgres"]) {
  test(`users of Python on ${product}, in tables and columns of other names, move to D1 and back`, async () => {
    const directory = await bareCheckout(`own-names-${product}`);
    const variables = block("toml own-names");
    const file = path.join(directory, "wrangler.toml");
    await writeFile(file, (await readFile(file, "utf8")).replace(/^\[vars\]$/m, `[vars]\n${variables}`));
    const url = product === "sqlite" ? `sqlite:///${path.join(directory, "app.db")}` : forPython(await newDatabase(product));
    const options = ownNames(variables);
    const people = await withPython("Flask", url, signUpThree, { options });
    await runBlock("own-tables", directory, { [EXAMPLE]: url });

    const vars = Object.fromEntries(Object.entries(options).map(([entity, names]) => [`AUTH_${entity.toUpperCase()}`, names]));
    const refreshed = await signInAndRefresh(directory, people, vars);
    await runBlock("back-to-sqlite", directory);
    const names = "members credentials logins proofs";
    await runBlock("back-to-any", directory, { [EXAMPLE]: `${url} --tables ${names} --into ${names}` });
    await withPython("Flask", url, (python) => goOn(python, people, refreshed), { options });
  });
}

/** The variables of the page, each on a line, as options of the Python package. */
function ownNames(variables) {
  const members = variables.trim().split("\n").map((line) => line.replaceAll(/(\w+) = /g, '"$1": '));
  const given = Object.entries(JSON.parse(`{${members.join(",")}}`));
  return Object.fromEntries(given.map(([name, value]) => [name.replace("AUTH_", "").toLowerCase(), value]));
}

for (const product of ["postgres", "mariadb"]) {
  test(`users of Python on ${product} move to D1 and back`, async () => {
    const directory = await newCheckout(product);
    const url = forPython(await newDatabase(product));
    const people = await fill(url, 12, 2);
    await runBlock("export", directory, { [EXAMPLE]: url });
    await runBlock("import", directory);
    const refreshed = await signInAndRefresh(directory, people);
    await runBlock("back-to-sqlite", directory);
    await runBlock("back-to-any", directory, { [EXAMPLE]: url });
    await withPython("FastAPI", url, (python) => goOn(python, people, refreshed));
  });
}

for (const [product, zone] of Object.entries({ sqlite: { USE_TZ: false }, postgres: { USE_TZ: true } })) {
  test(`users of Django on ${product} move to D1 and back, with ${JSON.stringify(zone)}`, async () => {
    const directory = await newCheckout(`django-${product}`);
    const file = `sqlite:///${path.join(directory, "app.db")}`;
    const url = product === "sqlite" ? file : forPython(await newDatabase(product));
    const people = await withPython("Django", url, signUpThree, { django: zone });
    // Times with a zone come out in that of the server, which need not be UTC.
    if (product === "postgres") await withPython("Django", url, (python) => python.sql(moveZone(url)), { django: zone });
    const written = await withPython("Django", url, (python) => expiries(python.sql), { django: zone });
    await runBlock("export-django", directory, { "sqlite:///app.db": url });
    await runBlock("import", directory);
    assert.deepEqual(await withWorker(directory, (_, sql) => expiries(sql)), written);
    const refreshed = await signInAndRefresh(directory, people);
    const moved = await withWorker(directory, (_, sql) => expiries(sql));
    await runBlock("back-to-sqlite", directory);
    const into = "--into auth101_user auth101_account auth101_session auth101_verification";
    await runBlock("back-to-any", directory, { [EXAMPLE]: `${url} ${into}` });
    await withPython(
      "Django",
      url,
      async (python) => {
        assert.deepEqual(await expiries(python.sql), moved);
        // With USE_TZ the package cannot refresh at all.
        await goOn(python, people, zone.USE_TZ ? new Map() : refreshed);
      },
      { django: zone },
    );
  });
}

/** Fills a database by fill.py; what each user knows. */
async function fill(database, users, of_default_cost) {
  const program = fileURLToPath(new URL("python/fill.py", import.meta.url));
  const given = JSON.stringify({ database, secret: SECRET, users, of_default_cost });
  const { stdout } = await promisify(execFile)(PYTHON, [program, given], { maxBuffer: 1e8 });
  return JSON.parse(stdout);
}

async function signUpThree(python) {
  const people = [];
  for (const { email, password } of Array.from({ length: 3 }, somebody)) {
    const { user, refresh_token } = succeeded(await python.signUp(email, password));
    people.push({ email, password, refresh_token, id: user.id });
  }
  return people;
}

/** Everybody signs in at the Worker, and goes on with the session of before; the new refresh tokens by user. */
function signInAndRefresh(directory, people, vars = {}) {
  const signInAll = async (worker) => {
    const refreshed = new Map();
    for (const { email, password, refresh_token, id } of people) {
      assert.equal(succeeded(await worker.signIn(email, password)).user.id, id);
      const answer = succeeded(await worker.refresh(refresh_token));
      assert.equal(answer.user.id, id);
      refreshed.set(id, answer.refresh_token);
    }
    return refreshed;
  };
  return withWorker(directory, signInAll, vars);
}

/** Everybody signs in at Python again, and goes on with the session. */
async function goOn(python, people, refreshed) {
  for (const { email, password, id } of people) {
    assert.equal(succeeded(await python.signIn(email, password)).user.id, id);
    if (refreshed.has(id)) assert.equal(succeeded(await python.refresh(refreshed.get(id))).user.id, id);
  }
}

function moveZone(url) {
  return `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET TimeZone TO 'Asia/Tokyo'`;
}

/** When the sessions end, in milliseconds. */
async function expiries(sql) {
  const items = "{session.id} AS id, {session.expires_at} AS expires_at";
  const rows = await sql(`SELECT ${items} FROM {session} ORDER BY {session.id}`);
  return rows.map(({ id, expires_at }) => [id, Date.parse(`${expires_at.slice(0, 23).replace(" ", "T")}Z`)]);
}

async function withWorker(directory, use, vars = {}) {
  const persist = path.join(directory, ".wrangler/state/v3");
  const variables = { ...CHEAP, ...vars };
  const worker = await startWorker({ secret: SECRET, vars: variables, persist, database: DATABASE_ID, migrate: false });
  try {
    const sql = async (statement) => (await worker.db.prepare(withNames(statement, {})).all()).results;
    return await use(client(worker.url), sql);
  } finally {
    await worker.dispose();
  }
}

async function withPython(framework, database, use, configuration = {}) {
  const python = await startPython(framework, { database, secret: SECRET, ...configuration });
  try {
    return await use(python);
  } finally {
    await python.stop();
  }
}

/** A few at a time. */
async function each(items, act) {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const item of queue) await act(item);
    }),
  );
}
