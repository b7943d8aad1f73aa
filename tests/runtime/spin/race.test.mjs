import { describe } from "node:test";
import { claimRaces } from "../claims/race_tests.mjs";
import { CHEAP_HASH, DATABASES, startSpin } from "./harness.mjs";

for (const database of DATABASES) {
  describe(`on ${database}`, () => claimRaces(() => startSpin({ database, options: CHEAP_HASH })));
}
