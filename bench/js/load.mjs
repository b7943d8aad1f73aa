// Load and what it does to a request, whether in process or over HTTP.

/** Sign-ins under way at once. */
const CONCURRENCY = 8;
/** A session is asked for so often, in milliseconds, however long the last one takes. */
const INTERVAL = 20;

/** Signs in over and over for some seconds; how many a second. */
export async function signInsPerSecond(signIn, seconds) {
  const started = performance.now();
  const count = await signInUntil(signIn, () => performance.now() - started > seconds * 1_000);
  return count / ((performance.now() - started) / 1_000);
}

/** Calls one after the other for some seconds; how many a second. */
export async function callsPerSecond(call, seconds) {
  const started = performance.now();
  let count = 0;
  while (performance.now() - started < seconds * 1_000) {
    await call();
    count += 1;
  }
  return count / ((performance.now() - started) / 1_000);
}

/**
 * Asks for a session at fixed times while others sign in, or while nobody does. A request counts from the time at which it
 * was due: one that could not even be sent was waited for too.
 *
 * @returns milliseconds: the median and the slowest hundredth
 */
export async function sessionTimes(ask, seconds, signIn) {
  let isOver = false;
  const load = signIn === undefined ? undefined : signInUntil(signIn, () => isOver);
  const started = performance.now();
  const times = [];
  const pending = [];
  for (let due = started; due < started + seconds * 1_000; due += INTERVAL) {
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    pending.push(ask().then(() => times.push(performance.now() - due)));
  }
  // What has not been answered by now counts as long as it takes without the load.
  isOver = true;
  await Promise.all([...pending, load]);
  times.sort((a, b) => a - b);
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** The value below which that part of sorted values lies. */
export function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

async function signInUntil(signIn, isOver) {
  let count = 0;
  const loop = async () => {
    while (!isOver()) {
      await signIn();
      count += 1;
      // Requests come from the network, with a turn of the event loop in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, loop));
  return count;
}
