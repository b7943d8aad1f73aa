// What a host writes wrong at construction: the error names the option in its own spelling and says what is right.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Auth101, ConfigurationError, schema } from "../../../js/dist/esm/entry/server.js";
import { sqlite } from "../../../js/dist/esm/driver/sqlite.js";
import { camelCase } from "./camel.mjs";

const SECRET = "a-secret-of-the-tests-with-more-than-32-bytes";
const table = new URL("../../wire/configuration/mistakes.json", import.meta.url);
const mistakes = JSON.parse(await readFile(table, "utf8"));
const option = (key) => Object.keys(camelCase({ [key.split(".")[0]]: 0 }))[0];

/** What the constructor throws. */
function refusal(options) {
  try {
    new Auth101(options);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, error.stack);
    assert.equal(error.name, "ConfigurationError");
    assert.equal(error.message, `${error.option}: ${error.problem}`);
    return error;
  }
  assert.fail("nothing was thrown");
}

const withDatabase = (options) => ({ secret: SECRET, database: sqlite(":memory:"), ...options });

for (const { options, key } of mistakes) {
  test(`${JSON.stringify(options).slice(0, 100)} is refused by name`, () => {
    const given = Object.fromEntries(Object.entries(withDatabase(camelCase(options))).filter(([, value]) => value !== null));
    if (options.secret === null) delete given.secret;
    const error = refusal(given);
    assert.equal(error.option.split(".")[0], option(key));
    assert.ok(!error.message.includes(SECRET));
    // Snake case stands only where it is the host's own, in quotes.
    assert.doesNotMatch(error.problem.replaceAll(/"[^"]*"/g, ""), /[a-z]_[a-z]/, error.problem);
  });
}

test("nothing at all is answered with the secret, which has to be made", () => {
  assert.match(refusal({}).message, /^secret: is required; `openssl rand -base64 32` makes a good one$/);
  assert.match(refusal(undefined).message, /^options: must be an object/);
});

for (const [what, database, problem] of [
  ["no database", undefined, /is required; sqlite\("auth\.db"\) of "auth101-wasm\/sqlite" makes one/],
  ["a path", "auth.db", /is no driver: it has no method `batch`/],
  ["a client of a database", { query() {} }, /is no driver.*"auth101-wasm\/pg".*\{ dialect, batch/],
  ["an unknown dialect", { dialect: "oracle", batch() {} }, /must be one of sqlite, postgres, mysql/],
]) {
  test(`${what} for a database is told what a driver is`, () => {
    const error = refusal({ secret: SECRET, database });
    assert.equal(error.option, "database");
    assert.match(error.problem, problem);
  });
}

for (const [name, value] of [
  ["hashWorkers", -1],
  ["hashWorkers", 1.5],
  ["hashWorkers", "two"],
  ["onEvent", "log"],
  ["passwordBlocklist", ["password"]],
  ["accessTokenExpiresIn", Number.NaN],
  ["basePath", () => "/auth"],
]) {
  test(`${name} cannot be ${String(value)}`, () => assert.equal(refusal(withDatabase({ [name]: value })).option, name));
}

const revocable = Proxy.revocable({}, {});
revocable.revoke();
const cycle = {};
cycle.fields = { email: cycle };
let deep = {};
for (let depth = 0; depth < 2_000; depth += 1) deep = { fields: deep };
const FAILING = { get() { throw new Error("marker"); }, ownKeys() { throw new Error("marker"); } };

for (const [what, value, option = "options", message = /plain values/] of [
  ["a getter that throws", { get fields() { throw new Error("marker"); } }],
  ["a proxy that throws", new Proxy({}, FAILING)],
  ["a proxy that is revoked", revocable.proxy],
  ["a cycle", cycle, "user.fields.email", /contains itself/],
  ["two thousand levels", deep, /^user(\.fields)+$/, /contains itself/],
  ["half of a surrogate pair", { modelName: "\ud800" }, "user.modelName", /half of a surrogate pair/],
]) {
  test(`${what} in an option is refused, and the next service can be made`, () => {
    for (const make of [() => new Auth101(withDatabase({ user: value })), () => schema({ dialect: "sqlite", user: value })]) {
      assert.throws(make, { name: "ConfigurationError", option, message });
    }
    assert.equal(new Auth101(withDatabase({})).covers("/auth/session"), true);
  });
}

for (const [kind, value] of [
  ["a function", () => "mail"],
  ["a symbol", Symbol("mail")],
  ["a bigint", 1n],
  ["NaN", Number.NaN],
  ["Infinity", Infinity],
]) {
  test(`${kind} inside an option is refused by its path, as JSON would drop it without a word`, () => {
    const problem = `cannot be ${kind}`;
    const path = "user.fields.email";
    const user = { fields: { email: value } };
    assert.throws(() => schema({ dialect: "sqlite", user }), { name: "ConfigurationError", option: path, problem });
    for (const [option, given] of [
      [path, { user }],
      ["corsOrigins.1", { corsOrigins: ["https://example.com", value] }],
      ["sessionAbsoluteLifetime", { sessionAbsoluteLifetime: value }],
    ]) {
      const error = refusal(withDatabase(given));
      assert.deepEqual([error.option, error.problem], [option, problem]);
    }
  });
}

test("options are what JSON makes of them", () => {
  const names = (user) => schema({ dialect: "sqlite", user }).join();
  class Entity {
    modelName = "people";
    ignored = undefined;
    method() {
      return "members";
    }
    [Symbol("symbol")] = "members";
  }
  const people = names({ modelName: "people" });
  assert.match(people, /people/);
  const bare = Object.assign(Object.create(null), { modelName: "people" });
  for (const same of [new Entity(), bare, new Proxy(bare, {}), { toJSON: () => bare }, { modelName: new String("people") }]) {
    assert.equal(names(same), people);
  }
  assert.throws(() => names(JSON.parse('{"__proto__":{"modelName":"people"}}')), { option: "user.__proto__" });
  assert.throws(() => names({ modelName: new Date(0) }), { option: "user.modelName" });
  for (const none of [new Date(0), new Uint8Array(2), [], 5]) {
    const error = refusal(withDatabase({ user: none }));
    assert.match(error.option, /^user(\.[01])?$/);
  }
});

test("what a host changes after construction changes nothing", () => {
  const user = { modelName: "people" };
  const auth = new Auth101(withDatabase({ user }));
  user.modelName = "members";
  assert.match(auth.schema().join(), /people/);
});

test("where memory is short, a hash that does not fit is refused by name", async () => {
  const { Auth101Base } = await import("../../../js/dist/esm/auth101.js");
  const platform = { module: () => assert.fail("nothing is compiled for it"), maxHashMemory: 98_304 };
  for (const name of ["argon2Memory", "maxArgon2Memory"]) {
    const make = () => new Auth101Base(withDatabase({ [name]: 98_305 }), platform);
    assert.throws(make, { name: "ConfigurationError", option: name, message: /98305 KiB; at most 98304/ });
  }
});

test("an option of another spelling is unknown, and the known ones are listed", () => {
  const { option, problem } = refusal(withDatabase({ access_token_expires_in: 5 }));
  assert.equal(option, "access_token_expires_in");
  for (const known of ["accessTokenExpiresIn", "database", "onEvent", "hashWorkers", "passwordBlocklist"]) {
    assert.ok(problem.includes(known), known);
  }
  assert.equal(refusal(withDatabase({ user: { model_name: "people" } })).problem, "is written modelName here");
});

test("an option that is undefined is one that is not given", () => {
  new Auth101(withDatabase({ basePath: undefined, onEvent: undefined, hashWorkers: undefined, user: undefined }));
});

test("a warning is written once, by the option's name, and never shows the secret", (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  new Auth101(withDatabase({ previousSecrets: ["marker".repeat(6) + "\n"] }));
  assert.deepEqual(warn.mock.calls.map(({ arguments: [said] }) => said.replace(/;.*/, "")), [
    "auth101-wasm: previousSecrets: holds a secret that ends in white space, which counts as part of it",
  ]);
  new Auth101(withDatabase({}));
  assert.equal(warn.mock.callCount(), 1);
});

test("a file that cannot be opened is told by its path", () => {
  assert.throws(() => sqlite("/nowhere/at/all.db"), { name: "ConfigurationError", message: /"\/nowhere\/at\/all\.db"/ });
  assert.throws(() => sqlite(), { name: "ConfigurationError", message: /path of a file/ });
});

test("the schema of a configuration refuses what the constructor refuses", () => {
  assert.throws(() => schema({ dialect: "oracle" }), { option: "dialect" });
  assert.throws(() => schema({ dialect: "sqlite", user: { fields: { emial: "mail" } } }), { option: "user.fields.emial" });
  assert.equal(schema({ dialect: "sqlite", session: { modelName: "logins" } }).join().includes("logins"), false);
  assert.match(schema({ dialect: "mysql", all: true, session: { modelName: "logins" } }).join(), /`logins`/);
});

test("a dialect that is none is refused by name", () => {
  for (const dialect of [undefined, null, "oracle", 5, Symbol("sqlite")]) {
    assert.throws(() => schema({ dialect }), { name: "ConfigurationError", option: "dialect" });
  }
  assert.equal(new Auth101(withDatabase({})).schema({ all: Symbol("all") }).length > 4, true);
});
