/**
 * The one WebAssembly instance, and what becomes of it when it traps.
 *
 * @module
 */

import { refusalOf } from "./errors.js";
import type { Report } from "./event.js";
import { __wbg_reset_state, initSync } from "./wasm/auth101.js";

/** Counts the instances: what belongs to an earlier one must not be touched any more. 0 while there is none. */
let generation = 0;

/**
 * Makes the instance unless it is there; which one it is. One that was lost is replaced here, where nothing is in it any
 * more: if that fails, for want of memory for example, the next call tries again.
 */
export function ensureInstance(module: () => WebAssembly.Module): number {
  if (generation === 0) {
    initSync({ module: module() });
    generation = 1;
  } else if (isLost && depth === 0) {
    replaceInstance();
  }
  return generation;
}

/** How many calls into the instance are under way: a host's function that it calls may call it again. */
let depth = 0;
/** Whether it has trapped. Calls from further out may still be in it. */
let isLost = false;

/** Whether that instance is still the one, and whole. */
export function isCurrent(instance: number): boolean {
  return instance === generation && !isLost;
}

/** The instance trapped under a call: that call fails, and the next one has a new instance. */
export class InstanceLost extends Error {}

/**
 * Calls into WebAssembly. What is thrown there is a trap, but for the options that the core refuses: so whatever may throw
 * by itself, such as a getter of a host's, is to be read before.
 *
 * @throws ConfigurationError and InstanceLost, and nothing else.
 */
export function enter<T>(instance: number, call: () => T, report?: Report): T {
  if (!isCurrent(instance)) throw new InstanceLost("the WebAssembly instance has failed");
  let value!: T;
  let code: string | undefined;
  depth += 1;
  try {
    value = call();
  } catch (thrown) {
    // First of all, for near the end of the stack whatever comes next may throw.
    isLost = true;
    const refusal = refusalOf(thrown);
    if (refusal !== undefined) {
      isLost = false;
      throw refusal;
    }
    // Its name only: what an exception says may come from anywhere.
    code = thrown instanceof Error ? thrown.name : typeof thrown;
  } finally {
    depth -= 1;
  }
  if (code !== undefined) {
    report?.({ event: "fault", fault: "instance_lost", code });
    throw new InstanceLost(`the WebAssembly instance failed with ${code}; the next call has a new one`);
  }
  // The trap was one further in: what an instance gives that is no more is worth nothing.
  if (!isCurrent(instance)) throw new InstanceLost("the WebAssembly instance has failed");
  return value;
}

/**
 * Puts a new instance in the place of one that has trapped. Its memory may be in any state, so nothing of it is used again;
 * calls that were in progress in it find out by {@link isCurrent}.
 */
function replaceInstance(): void {
  __wbg_reset_state();
  generation += 1;
  isLost = false;
}
