/**
 * The module that the command line reads its configuration from.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Auth101Base } from "../auth101.js";
import type { ConfigurationError } from "../errors.js";
import type { Auth101Options } from "../options.js";
import { Refusal } from "./refusal.js";

/** What a module exports as `auth`: the service of the application, or the options of one. */
export type Exported = Auth101Base | Auth101Options;

/** Imports a module by its path. Whatever it does, such as reading variables of the environment, it does now. */
export async function load(path: string): Promise<Exported> {
  const file = resolve(path);
  if (!existsSync(file)) {
    throw new Refusal(`Config module not found: ${path}`, "Use the path of a file, e.g. auth101.config.mjs");
  }
  const { auth } = await imported(path, file);
  if (typeof auth !== "object" || auth === null) {
    throw new Refusal(
      `Config module '${path}' must define 'auth' (Auth101)`,
      "Write: export const auth = new Auth101({ secret: process.env.AUTH_SECRET, database: … });",
    );
  }
  return auth as Exported;
}

/** Whether it is a service. Not by its class: the application may have another copy of this package. */
export function isService(exported: Exported): exported is Auth101Base {
  return "migrate" in exported;
}

/** Whether an error is a mistake in the options, likewise. */
export function isConfigurationError(error: unknown): error is ConfigurationError {
  return error instanceof Error && error.name === "ConfigurationError";
}

async function imported(path: string, file: string): Promise<{ auth?: unknown }> {
  try {
    const module: { auth?: unknown; default?: { auth?: unknown } } = await import(pathToFileURL(file).href);
    // Node does not see every export of a CommonJS module.
    return "auth" in module ? module : (module.default ?? module);
  } catch (error) {
    // A mistake in the options needs no stack: the message names the option.
    if (isConfigurationError(error)) throw error;
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Refusal(`Config module '${path}' cannot be loaded:`, said);
  }
}
