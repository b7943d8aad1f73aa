import { claimBodies } from "../claims/bodies.mjs";
import { CHEAP_HASH, startWorker } from "./harness.mjs";

claimBodies(() => startWorker({ vars: CHEAP_HASH }), { growth: 200 });
