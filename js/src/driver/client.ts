/**
 * Whether a host's client is one that a driver can work with.
 *
 * @module
 */

import { ConfigurationError } from "../errors.js";

/** Whether something is an object or a function with these methods. */
export function hasMethods(client: unknown, ...methods: string[]): boolean {
  const members = client as Record<string, unknown> | null | undefined;
  return methods.every((method) => typeof members?.[method] === "function");
}

/** Whether it has a property, whatever its value. */
export function hasProperty(client: unknown, property: string): boolean {
  return typeof client === "object" && client !== null && property in client;
}

/** A driver was given something else. What it was is told by its kind only: a text may hold a password. */
export function wrongClient(driver: string, expected: string, given: unknown): ConfigurationError {
  return new ConfigurationError("database", `${driver}() takes ${expected}; it was given ${kindOf(given)}`);
}

function kindOf(given: unknown): string {
  if (given === null || given === undefined) return String(given);
  if (typeof given !== "object") return `a ${typeof given}`;
  if (hasProperty(given, "$client")) return "a Drizzle database, whose $client is what is wanted";
  const { name } = (given.constructor ?? {}) as { name?: unknown };
  return typeof name === "string" && name !== "" && name !== "Object" ? `an object of class ${name}` : "another object";
}
