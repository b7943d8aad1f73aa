import { describe } from "node:test";
import { claimMount } from "../claims/mount.mjs";
import { CHEAP_HASH, DATABASES, EXAMPLE, startSpin } from "./harness.mjs";

for (const database of DATABASES) {
  describe(`on ${database}`, () => void claimMount(() => startSpin({ ...EXAMPLE, database, options: CHEAP_HASH })));
}
