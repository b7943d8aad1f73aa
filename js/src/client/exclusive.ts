import { bounded } from "./bounded.js";

/** What is running for a storage object, where the platform has no locks. */
const queues = new WeakMap<object, Map<string, Promise<unknown>>>();

/** One thing at a time: who may run, among all that share a storage. */
export interface Lock {
  /** The storage, for the queue inside this page. */
  of: object;
  /** Its name, if other pages share it: then the platform's locks are asked, which all pages of the origin share. */
  name: string | undefined;
  purpose: string;
  /** Milliseconds that the turn is waited for. After them the action runs all the same. */
  patience: number;
}

/**
 * Runs an action when no other with the same lock runs.
 *
 * The wait is bounded, since a page that hangs keeps its lock: nothing that is done under a lock here needs it to be
 * correct, the lock only saves requests.
 */
export async function exclusive<T>(lock: Lock, action: () => Promise<T>): Promise<T> {
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  return lock.name !== undefined && locks
    ? inOrigin(locks, `auth101:${lock.name}:${lock.purpose}`, lock.patience, action)
    : inPage(lock, action);
}

async function inOrigin<T>(
  locks: LockManager,
  name: string,
  patience: number,
  action: () => Promise<T>,
): Promise<T> {
  const waiting = new AbortController();
  let hasBegun = false;
  const timer = setTimeout(() => waiting.abort(), patience);
  try {
    return await locks.request(name, { signal: waiting.signal }, () => {
      hasBegun = true;
      clearTimeout(timer);
      return action();
    });
  } catch (error) {
    if (hasBegun) throw error;
    // Waited long enough, or the platform has locks but not for us, as in a sandboxed frame.
    return action();
  } finally {
    clearTimeout(timer);
  }
}

async function inPage<T>({ of, purpose, patience }: Lock, action: () => Promise<T>): Promise<T> {
  let queue = queues.get(of);
  if (queue === undefined) queues.set(of, (queue = new Map()));
  const before = queue.get(purpose);
  const run = (async () => {
    if (before) await bounded(patience, () => before).catch(() => undefined);
    return action();
  })();
  queue.set(purpose, run);
  return run;
}
