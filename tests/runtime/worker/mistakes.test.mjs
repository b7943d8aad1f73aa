// Every mistake of tests/wire/configuration, as the Worker finds it: named in the log, and nowhere in the answer.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { SECRET, startWorker, until } from "./harness.mjs";

const table = new URL("../../wire/configuration/mistakes.json", import.meta.url);
const mistakes = JSON.parse(await readFile(table, "utf8"));

// Each request brings variables of its own: an environment for every mistake, and one runtime for all.
const entry = `
import worker from "./index.js";

export default {
  fetch(request, env, context) {
    return worker.fetch(request, { ...env, ...JSON.parse(request.headers.get("x-variables")) }, context);
  },
};
`;

let worker;
before(async () => (worker = await startWorker({ secret: null, entry })));
after(() => worker.dispose());

/** What wrangler.toml says as a table or an array, a secret or .dev.vars can only say as text. */
const asText = (value) => (typeof value === "object" ? JSON.stringify(value) : value);

for (const { options, key, problem, variable, worker_problem: expected = problem } of mistakes) {
  test(`${JSON.stringify(options).slice(0, 100)}: ${key} ${problem}`, async () => {
    const given = Object.entries({ secret: SECRET, ...options }).filter(([, value]) => value !== null);
    for (const form of [(value) => value, asText]) {
      const variables = given.map(([name, value]) => [`AUTH_${name.toUpperCase()}`, form(value)]);
      worker.logs.length = 0;
      const headers = { "x-variables": JSON.stringify(Object.fromEntries(variables)) };
      const response = await worker.fetch("/auth/session", { headers });
      assert.equal(response.status, 500);
      assert.equal(response.headers.get("cache-control"), "no-store");
      const error = { message: "Internal server error", code: "INTERNAL_ERROR" };
      assert.deepEqual(await response.json(), { error });

      const [{ level, message }] = await until(() => worker.logs.length > 0 && worker.logs);
      const line = JSON.parse(message);
      assert.equal(level, "error");
      assert.equal(line.fault, "not_set_up");
      assert.equal(line.subject, variable);
      if (expected.endsWith("…")) assert.ok(line.problem.startsWith(expected.slice(0, -1)), line.problem);
      else assert.equal(line.problem, expected);
      assert.ok(line.remedy.includes(variable), line.remedy);
      assert.ok(!message.includes(SECRET));
    }
  });
}
