// Every mistake of tests/wire/configuration, as the component finds it: named in the log, and nowhere in the answer.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ROOT, SECRET, startSpin, until } from "./harness.mjs";

const table = new URL("tests/wire/configuration/mistakes.json", ROOT);
const declared = new Set(
  [...(await readFile(new URL("spin.toml", ROOT), "utf8")).matchAll(/^auth_(\w+) = \{/gm)].map(([, name]) => name),
);

// Spin hands variables out by their names: one that nobody asks for is not seen. An empty one is one that is not set.
const isSeen = ([name, value]) => declared.has(name) && (value !== "" || name === "secret");
const mistakes = JSON.parse(await readFile(table, "utf8")).filter(({ options }) => Object.entries(options).every(isSeen));

/** A component for each mistake, with variables of its own; one host serves all. */
function manifest() {
  const source = JSON.stringify(fileURLToPath(new URL("build/spin/auth101.wasm", ROOT)));
  const components = mistakes.map(({ options }, index) => {
    const given = Object.entries({ secret: SECRET, ...options }).filter(([, value]) => value !== null);
    const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));
    // By way of the application's variables: in a component's, braces are templates.
    const values = given.map(([name, value]) => `m${index}_${name} = { default = ${JSON.stringify(asText(value))} }`);
    const handed = given.map(([name]) => `auth_${name} = "{{ m${index}_${name} }}"`);
    const component = `
[[trigger.http]]
route = "/mistake-${index}/..."
component = "mistake${index}"
[component.mistake${index}]
source = ${source}
sqlite_databases = ["default"]
[component.mistake${index}.variables]
${handed.join("\n")}
`;
    return { values, component };
  });
  return `
spin_manifest_version = 2
[application]
name = "mistakes"
version = "1.0.0"
[variables]
${components.flatMap(({ values }) => values).join("\n")}
${components.map(({ component }) => component).join("")}`;
}

let application;
before(async () => (application = await startSpin({ edit: manifest })));
after(() => application?.dispose());

/** As the variables of Spin are written. */
const lower = (text) => text.replaceAll(/AUTH_[A-Z0-9_]+/g, (name) => name.toLowerCase());

for (const [index, mistake] of mistakes.entries()) {
  const { options, key, problem, worker_problem, spin_problem } = mistake;
  const variable = lower(mistake.variable);
  const expected = spin_problem ?? lower(worker_problem ?? problem);
  test(`${JSON.stringify(options).slice(0, 100)}: ${key} ${problem}`, async () => {
    application.log = "";
    const response = await application.fetch(`/mistake-${index}/session`);
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const error = { message: "Internal server error", code: "INTERNAL_ERROR" };
    assert.deepEqual(await response.json(), { error });

    const message = await until(() => /\{.*\}(?=\n)/.exec(application.log)?.[0]);
    const line = JSON.parse(message);
    assert.equal(line.fault, "not_set_up");
    assert.equal(line.subject, variable);
    if (expected.endsWith("…")) assert.ok(line.problem.startsWith(expected.slice(0, -1)), line.problem);
    else assert.equal(line.problem, expected);
    assert.ok(line.remedy.includes(variable.split(".")[0]), line.remedy);
    assert.ok(!application.log.includes(SECRET));
  });
}

test("the mistakes are there", () => assert.ok(mistakes.length > 80, String(mistakes.length)));
