/**
 * auth101 in browsers and bundles of unknown aim: passwords are hashed where they are asked for.
 *
 * @module
 */

import { Auth101Base } from "../auth101.js";
import { inlineModule } from "../inline_module.js";
import { type SchemaRequest, schemaFor } from "../migration.js";
import type { Auth101Options } from "../options.js";
import type { Platform } from "../platform.js";

const platform: Platform = { module: inlineModule };

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
