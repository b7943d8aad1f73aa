import { claimBodies } from "../claims/bodies.mjs";
import { CHEAP_HASH, startSpin } from "./harness.mjs";

claimBodies(() => startSpin({ options: CHEAP_HASH }), { growth: 40 });
