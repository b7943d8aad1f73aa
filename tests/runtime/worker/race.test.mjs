import { claimRaces } from "../claims/races.mjs";
import { CHEAP_HASH, startWorker } from "./harness.mjs";

claimRaces(() => startWorker({ vars: CHEAP_HASH }));
