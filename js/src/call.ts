/**
 * Runs a call: the core is asked how to go on, and answered, until it has a result.
 *
 * Every entry into WebAssembly is a plain call from here. A trap therefore ends the call that it happens in and no other
 * promise waits for an instance that is gone.
 *
 * @module
 */

import { type Answer, describeFailure, readResults } from "./batch.js";
import type { Database, Result, Statement, Transaction } from "./driver/database.js";
import { type FaultEvent, isThenable, type Report, type SecurityEvent } from "./event.js";
import type { HashPool } from "./hash/pool.js";
import { enter, isCurrent } from "./instance.js";
import { runJob, type Task } from "./wasm/auth101.js";

/** How long a database may take for a batch of the set-up, in milliseconds. For the others, the core says it. */
const SET_UP_TIMEOUT = 10_000;

/** How long the batches of a call may keep the event loop to themselves over a synchronous database, in milliseconds. */
const BREATH = 10;

/** How many batches a request needs. What runs more of them, as a purge does, is in no hurry. */
const FEW = 2;

/** What the core says after each step. */
interface Step {
  readonly events?: readonly SecurityEvent[];
  readonly batch?: readonly Statement[];
  /** How many milliseconds the batch has. */
  readonly timeout?: number;
  readonly hash?: true;
  readonly result?: unknown;
}

/** What a call works with. */
export interface Surroundings {
  readonly database: Database;
  readonly transaction: Transaction;
  /** Makes the tables, where that is to be done at first use. */
  readonly prepare: () => Promise<void> | undefined;
  readonly pool: HashPool | undefined;
  readonly report: Report;
  /** Told what a database threw. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Runs a call to its result.
 *
 * @throws InstanceLost and nothing else.
 */
export async function run<Outcome>(instance: number, begin: () => Task, around: Surroundings): Promise<Outcome> {
  const task = enter(instance, begin, around.report);
  let detail: Partial<FaultEvent> = {};
  try {
    let step = enter<Step>(instance, () => task.start(), around.report);
    let kept = 0;
    let batches = 0;
    for (;;) {
      const { events, batch, timeout = 0, hash, result } = step;
      for (const event of events ?? []) around.report(event.event === "fault" ? { ...event, ...detail } : event);
      if (batch !== undefined) {
        const outcome = await runBatch(batch, timeout, around, (milliseconds) => (kept += milliseconds));
        batches += 1;
        // What is awaited over a synchronous database comes before everything else that waits in this process.
        if (batches > FEW && kept > BREATH) {
          await turnOfTheEventLoop();
          kept = 0;
        }
        detail = outcome.detail ?? {};
        step = enter(instance, () => task.answerBatch(outcome.answer), around.report);
      } else if (hash === true) {
        const job = enter<Uint8Array>(instance, () => task.job(), around.report);
        const inPlace = (job: Uint8Array) => enter(instance, () => runJob(job), around.report);
        const outcome = await around.pool?.run(job, inPlace, around.report);
        const [done, retryAfter] = outcome instanceof Uint8Array ? [outcome] : [undefined, outcome?.retryAfter];
        step = enter(instance, () => task.answerHash(done, retryAfter), around.report);
      } else {
        return result as Outcome;
      }
    }
  } finally {
    if (isCurrent(instance)) task.free();
  }
}

interface BatchOutcome {
  /** For the core. */
  readonly answer: Answer;
  /** For the log, where it failed. */
  readonly detail?: Partial<FaultEvent>;
}

async function runBatch(
  batch: readonly Statement[],
  timeout: number,
  around: Surroundings,
  onKept: OnKept,
): Promise<BatchOutcome> {
  try {
    const asked = performance.now();
    const tables = around.prepare();
    if (tables !== undefined) await tables;
    const remaining = Math.max(0, timeout - (performance.now() - asked));
    const results = await within(around.database, batch, around.transaction, remaining, onKept);
    return results === SILENCE ? { answer: "silent", detail: { problem: "did not answer in time" } } : readResults(results, batch.length);
  } catch (error) {
    around.onError?.(error);
    return describeFailure(error);
  }
}

const SILENCE = Symbol("silence");

/** Told how long a batch has kept the event loop, in milliseconds. */
type OnKept = (milliseconds: number) => void;

/**
 * What the database gives, or that it gave nothing in time. A batch that is given up is told so, for it would write at a
 * time that is long past; where it goes on all the same it may still commit: each step may be run twice.
 */
async function within(
  database: Database,
  batch: readonly Statement[],
  transaction: Transaction,
  timeout: number,
  onKept: OnKept = () => {},
): Promise<readonly Result[] | typeof SILENCE> {
  const controller = new AbortController();
  const limits = { timeout, signal: controller.signal };
  const begun = performance.now();
  const given = database.batch(batch, { begin: [...transaction.begin], ...limits });
  onKept(performance.now() - begun);
  if (!isThenable(given)) return given;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<typeof SILENCE>((resolve) => {
    timer = setTimeout(() => {
      controller.abort();
      resolve(SILENCE);
    }, timeout);
  });
  try {
    // Whatever it comes to after that is nobody's concern.
    return await Promise.race([given, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets everything else that waits come first. */
function turnOfTheEventLoop(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (task: () => void) => unknown };
  return new Promise((resolve) => void (setImmediate ?? setTimeout)(resolve));
}

/**
 * Makes tables, once: a failure is told to whoever waits, and the next call tries again.
 *
 * @returns what to call before each batch; it gives nothing once the tables are there.
 */
export function once(make: () => Promise<void>): () => Promise<void> | undefined {
  let state: Promise<void> | "done" | undefined;
  return () => {
    if (state === "done") return undefined;
    state ??= make().then(
      () => void (state = "done"),
      (error: unknown) => {
        state = undefined;
        throw error;
      },
    );
    return state;
  };
}

/** Runs a batch as part of the set-up: no results are wanted. */
export async function runStatements(database: Database, batch: readonly Statement[], transaction: Transaction) {
  if ((await within(database, batch, transaction, SET_UP_TIMEOUT)) === SILENCE) {
    throw new Error("the database did not answer in time");
  }
}
