/**
 * auth101 in Cloudflare Workers, which compile WebAssembly when they are deployed and at no other time.
 *
 * @module
 */

import { Auth101Base } from "../auth101.js";
import { type SchemaRequest, schemaFor } from "../migration.js";
import type { Auth101Options } from "../options.js";
import type { Platform } from "../platform.js";
import module from "../../auth101_bg.wasm";

/** Of the 128 MB that an isolate has for everything. */
const platform: Platform = { module: () => module, maxHashMemory: 98_304 };

export * from "../index.js";

/** {@inheritDoc Auth101Base} */
export class Auth101 extends Auth101Base {
  /** @throws ConfigurationError where an option is missing, unknown or wrong. */
  constructor(options: Auth101Options) {
    super(options, platform);
  }
}

/**
 * The statements that make the tables, in order and without semicolons: of a configuration's names, in one dialect.
 *
 * @throws ConfigurationError where a name cannot be used.
 */
export function schema(request: SchemaRequest): string[] {
  return schemaFor(request, platform);
}
