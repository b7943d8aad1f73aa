/**
 * Threads of Node, Deno and Bun. Their program is a text of this package and the module is handed over compiled, so that a
 * bundler has no file to lose and Deno no permission to ask for.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { program } from "../wasm/thread.js";
import { HashPool, type Listener, type Outcome, type Thread } from "./pool.js";

/** As many as there are cores. */
export const count = availableParallelism;

/** A pool over them. */
export function poolOver(module: () => WebAssembly.Module): (size: number) => HashPool {
  return (size) => new HashPool(size, (listener) => start(module(), listener));
}

function start(module: WebAssembly.Module, listener: Listener): Thread {
  // Not with the flags of this process, such as those that load a module first: they are not about this program.
  const worker = new Worker(program, { eval: true, workerData: module, execArgv: [] });
  worker.on("message", (message: "ready" | { outcome: Outcome }) => {
    if (message === "ready") listener.ready();
    else listener.done(message.outcome);
  });
  // It ends after an error, and that is told.
  worker.on("error", () => {});
  worker.on("exit", () => listener.ended());
  return {
    send: (job) => worker.postMessage(job, [job.buffer as ArrayBuffer]),
    hold: (isWorking) => (isWorking ? worker.ref() : worker.unref()),
    end: () => worker.terminate(),
  };
}
