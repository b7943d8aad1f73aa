/**
 * The tables: what `migrate` says of them, and the SQL that makes them.
 *
 * @module
 */

import type { Dialect } from "./driver/database.js";
import { ConfigurationError } from "./errors.js";
import { ensureInstance, enter } from "./instance.js";
import { coreOptions, DIALECTS, type SchemaOptions } from "./options.js";
import type { PlainObject } from "./plain.js";
import type { Platform } from "./platform.js";
import { schemaOf } from "./wasm/auth101.js";

/** What a migration found. */
export interface Migration {
  /** The four tables. */
  readonly tables: readonly MigratedTable[];
  /** In what the database differs from the schema; nothing where all is well. */
  readonly differences: readonly Difference[];
}

/** A table of the configuration. */
export interface MigratedTable {
  /** The option that renames it. */
  readonly option: "user" | "account" | "session" | "verification";
  /** Its name in the database. */
  readonly name: string;
  /** `managed`: created where it is missing. `host`, `customised`: yours to create. */
  readonly ownership: "managed" | "host" | "customised";
}

/** One thing in which a database differs from the schema. */
export interface Difference {
  /** The table, by its name in the database. */
  readonly table: string;
  /** What differs. */
  readonly problem: string;
  /** The statement that fixes it, or several parted by semicolons, where there is one. */
  readonly remedy?: string;
  /** Whether the service fails or loses a promise until it is fixed. The others cost speed or room only. */
  readonly breaks: boolean;
}

/** Which tables to render, and how. */
export interface SchemaScope {
  /** The syntax; that of the database where it is left out. */
  readonly dialect?: Dialect | undefined;
  /** Also the tables that are yours to create. Default false. */
  readonly all?: boolean | undefined;
}

/** The same without a service: the dialect, and the names of the tables. */
export interface SchemaRequest extends SchemaOptions, SchemaScope {
  readonly dialect: Dialect;
}

/** The SQL of the tables; see `schema` of the entries. */
export function schemaFor({ dialect, all = false, ...names }: SchemaRequest, platform: Platform): string[] {
  return renderSchema(ensureInstance(platform.module), dialect, coreOptions(names), all);
}

/** The SQL of the tables of a configuration, from an instance. */
export function renderSchema(instance: number, dialect: Dialect, options: PlainObject, all: boolean): string[] {
  if (!DIALECTS.includes(dialect)) throw new ConfigurationError("dialect", `must be one of ${DIALECTS.join(", ")}`);
  return enter(instance, () => schemaOf(dialect, options, all === true) as string[]);
}
