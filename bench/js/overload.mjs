// Sign-ins at three times the rate that the threads can take: most are refused, and the rest is what matters.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Auth101 } from "auth101-wasm";
import { sqlite } from "auth101-wasm/sqlite";
import { quantile } from "./load.mjs";

const CREDENTIALS = { email: "ada@example.com", password: "correct horse battery" };
const THREADS = 2;
const FACTOR = 3;
/** Milliseconds until the queue is full and refusals have begun; after that the count begins. */
const FILLING = 7_000;
/** Milliseconds between two arrivals are never fewer than those between two looks at the clock. */
const LOOK = 5;

/** A service whose hashes take about so many milliseconds each while all threads work. */
async function open(milliseconds) {
  const make = (argon2Iterations) =>
    new Auth101({
      secret: "a-secret-of-the-benchmark-with-more-than-32-bytes",
      database: sqlite(":memory:"),
      hashWorkers: THREADS,
      argon2Iterations,
      maxArgon2Iterations: 10_000,
      maxArgon2Work: 100_000_000,
      rateLimit: "off",
      onEvent: () => {},
    });
  const probe = make(2);
  await probe.signUp(CREDENTIALS);
  const perPass = (1_000 * THREADS) / (await capacity(probe, 2_000)) / 2;
  await probe.close();
  const auth = make(Math.max(2, Math.round(milliseconds / perPass)));
  await auth.signUp(CREDENTIALS);
  return auth;
}

/** Sign-ins a second where as many are under way as there are threads. */
async function capacity(auth, milliseconds) {
  const begun = performance.now();
  let count = 0;
  const loop = async () => {
    while (performance.now() - begun < milliseconds) {
      if ((await auth.signIn(CREDENTIALS)).error === undefined) count += 1;
    }
  };
  await Promise.all(Array.from({ length: THREADS }, loop));
  return count / ((performance.now() - begun) / 1_000);
}

/**
 * Loads a service with hashes of so many milliseconds.
 *
 * @returns rates a second, and milliseconds: the median wait of those who were served, and the slowest hundredth of those who
 * were refused
 */
export async function overload(milliseconds) {
  const auth = await open(milliseconds);
  const measured = Math.max(10_000, 15 * milliseconds);
  const before = await capacity(auth, measured / 2);
  const rate = FACTOR * before;
  const served = [];
  const refused = [];
  const calls = [];
  const begun = performance.now();
  const end = FILLING + milliseconds + measured;
  const elapsed = () => performance.now() - begun;
  const call = async () => {
    const came = elapsed();
    const { error } = await auth.signIn(CREDENTIALS);
    const answered = elapsed();
    if (answered < end - measured || answered > end) return;
    if (error !== undefined && !(error.retryAfter > 0)) throw new Error(`a sign-in was answered ${error.code}`);
    (error === undefined ? served : refused).push(answered - came);
  };
  for (let offered = 0; elapsed() < end; await sleep(LOOK)) {
    for (; offered < (elapsed() / 1_000) * rate; offered += 1) calls.push(call());
  }
  await Promise.all(calls);
  // The machine may have become slower or faster meanwhile.
  const after = await capacity(auth, measured / 2);
  await auth.close();
  for (const times of [served, refused]) times.sort((a, b) => a - b);
  return {
    milliseconds,
    capacity: (before + after) / 2,
    offered: rate,
    goodput: served.length / (measured / 1_000),
    wait: quantile(served, 0.5),
    refusal: quantile(refused, 0.99),
  };
}
