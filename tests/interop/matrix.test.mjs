// Every framework of the Python package beside every runtime of this project: one database, one secret, both live.

import { after, before, describe, test } from "node:test";
import { stopDatabases } from "./databases.mjs";
import { startPair } from "./pair.mjs";
import { FRAMEWORKS } from "./python.mjs";
import { CLAIMS, CLAIMS_AT_ONCE } from "./scenario.mjs";
import { SIDES } from "./sides/all.mjs";

after(stopDatabases);

for (const side of SIDES) {
  for (const framework of Object.keys(FRAMEWORKS)) {
    describe(`${framework} beside ${side.name}`, () => {
      let pair;
      before(async () => (pair = await startPair(side, framework)));
      after(() => pair?.stop());
      for (const [claim, check] of Object.entries({ ...CLAIMS, ...(side.waitsForLocks && CLAIMS_AT_ONCE) })) {
        test(claim, () => check(pair));
      }
    });
  }
}
