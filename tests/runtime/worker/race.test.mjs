import { claimRaces } from "../claims/race_tests.mjs";
import { CHEAP_HASH, startWorker } from "./harness.mjs";

claimRaces(() => startWorker({ vars: CHEAP_HASH }));
