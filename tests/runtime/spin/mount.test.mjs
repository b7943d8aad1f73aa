import { describe } from "node:test";
import { claimMount } from "../claims/mount.mjs";
import { CHEAP_HASH, DATABASES, startSpin } from "./harness.mjs";

const manifest = "examples/spin-mount/spin.toml";

for (const database of DATABASES) {
  describe(`on ${database}`, () => void claimMount(() => startSpin({ database, manifest, options: CHEAP_HASH })));
}
