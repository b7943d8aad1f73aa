// Runs the suites of the test kit over a database, in any runtime. `cargo xtask build js-suite` and
// `cargo xtask build js` make what this imports.

import { describeFailure, readResults } from "../../../js/dist/esm/batch.js";

/**
 * Runs a suite.
 *
 * @param {object} module build/js-suite/suite.js, instantiated
 * @param {"driver" | "store"} name which suite
 * @param {import("../../../js/src/driver/database.js").Database} database of its own: tables are dropped and made anew
 * @param {string} [except] a claim of the driver suite that the client of this database cannot keep
 * @returns {Promise<string[]>} the claims that hold
 * @throws where one does not; what was expected has been written to the console by then
 */
export async function runSuite({ Suite, __wbg_reset_state }, name, database, except) {
  // A claim that fails leaves an instance that nothing may use any more.
  __wbg_reset_state();
  const suite = name === "driver" ? Suite.driver(database.dialect, except) : Suite.store(database.dialect);
  const transaction = { begin: suite.begin() };
  const passed = [];
  const underWay = new Map();
  for (;;) {
    const step = poll(suite, passed);
    passed.push(...step.passed);
    if (step.isDone) return passed;
    for (const [number, statements] of step.batches) {
      underWay.set(number, run(database, statements, transaction).then((answer) => ({ number, answer })));
    }
    if (underWay.size === 0) throw new Error("the suite waits for nothing");
    const { number, answer } = await Promise.race(underWay.values());
    underWay.delete(number);
    suite.answer(number, answer);
  }
}

function poll(suite, passed) {
  try {
    return suite.poll();
  } catch (cause) {
    throw new Error(`the claim after \`${passed.at(-1) ?? "none"}\` does not hold`, { cause });
  }
}

async function run(database, statements, transaction) {
  try {
    return readResults(await database.batch(statements, transaction), statements.length).answer;
  } catch (error) {
    return describeFailure(error).answer;
  }
}
