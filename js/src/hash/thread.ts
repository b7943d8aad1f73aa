/**
 * The program of a thread that hashes. The build makes one text of it, in `js/src/wasm/thread.ts`.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { initSync, runJob } from "../wasm/auth101.js";

initSync({ module: workerData as WebAssembly.Module });

parentPort?.on("message", (job: Uint8Array) => {
  // A trap is an error of this thread, which ends with it.
  const outcome = runJob(job);
  job.fill(0);
  parentPort?.postMessage({ outcome });
});
parentPort?.postMessage("ready");
