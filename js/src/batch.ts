/**
 * What a driver gave, as plain values for the core: results of a batch, or what an error says of itself.
 *
 * @module
 */

import type { Result } from "./driver/database.js";
import type { FaultEvent } from "./event.js";
import { hasLoneSurrogate, type PlainObject } from "./plain.js";

/** What is said of a batch. `rows.rs` reads it. */
export type Answer =
  | { readonly results: readonly ReadResult[] }
  | { readonly errors: readonly DescribedError[] }
  | "silent"
  | "malformed";

/** What a statement did. */
interface ReadResult {
  readonly rows: readonly PlainObject[];
  readonly affected: number;
}

/** What an error of a database says of itself. */
interface DescribedError {
  readonly message: string;
  readonly code: string | undefined;
  readonly errno: number | undefined;
  readonly constraint: string | undefined;
}

/** How far a chain of causes is followed. */
const MAX_CAUSES = 8;

/** The results of a batch of so many statements that committed. */
export function readResults(results: unknown, number: number): { answer: Answer; detail?: Partial<FaultEvent> } {
  const read = Array.isArray(results) ? allOf(results, readResult) : undefined;
  if (read?.length === number) return { answer: { results: read } };
  const problem = "gave no array of { rows, affected }, one for each statement";
  return { answer: "malformed", detail: { subject: "database.batch", problem } };
}

/** What becomes of each item, in an array of ours: that of a driver may have methods of its own. */
function allOf<T>(items: readonly unknown[], read: (item: unknown) => T | undefined): readonly T[] | undefined {
  const all = Array.from(items, read);
  const isRead = (item: T | undefined): item is T => item !== undefined;
  return all.every(isRead) ? all : undefined;
}

function readResult(result: unknown): ReadResult | undefined {
  const { rows, affected } = (result ?? {}) as Partial<Result>;
  const count = Number(affected);
  if (!Array.isArray(rows) || !Number.isSafeInteger(count) || count < 0) return undefined;
  const read = allOf(rows, readRow);
  return read && { rows: read, affected: count };
}

/** A row without what is no value: the core calls a column that is not there unreadable. */
function readRow(row: unknown): PlainObject | undefined {
  if (typeof row !== "object" || row === null) return undefined;
  const read: Record<string, string | number | boolean | null> = Object.create(null);
  for (const [column, value] of Object.entries(row)) {
    if (typeof value === "string") {
      if (!hasLoneSurrogate(value)) read[column] = value;
    } else if (typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value))) {
      // A large one is an identifier, which the core takes as text too.
      const number = Number(value);
      read[column] = Math.abs(number) > Number.MAX_SAFE_INTEGER ? String(value) : number;
    } else if (value === undefined || value === null) {
      read[column] = null;
    } else if (typeof value === "boolean") {
      read[column] = value;
    }
  }
  return read;
}

/** What was thrown, with its causes. The innermost comes first: it is the database's own. */
export function describeFailure(thrown: unknown): { answer: Answer; detail: Partial<FaultEvent> } {
  const errors = withCauses(thrown);
  const codes = errors.flatMap((error) => [read(error, "code"), read(error, "errno")]);
  // A name of the database's or the system's, never text that somebody typed; else the kind of error, such as TypeError.
  const code = codes.find((code) => typeof code === "string" && /^[A-Z0-9_]{2,40}$/.test(code)) ?? nameOf(errors[0]);
  return {
    answer: { errors: errors.map(describe) },
    detail: typeof code === "string" ? { code } : {},
  };
}

/** What the database said: for an operator alone, since it may quote values. */
export function wordsOf(thrown: unknown): string[] {
  const words = withCauses(thrown).map((error) => describe(error).message);
  return words.filter((word, index) => word !== "" && words.indexOf(word) === index);
}

function withCauses(thrown: unknown): unknown[] {
  const errors: unknown[] = [];
  for (let error = thrown; isPresent(error) && errors.length < MAX_CAUSES; error = read(error, "cause")) {
    if (errors.includes(error)) break;
    errors.unshift(error);
  }
  return errors;
}

function nameOf(error: unknown): string | undefined {
  const name = read(error, "name");
  return typeof name === "string" && /^\w{1,40}$/.test(name) ? name : undefined;
}

function describe(error: unknown): DescribedError {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const errno = read(error, "errno");
  return {
    message: text(typeof error === "string" ? error : read(error, "message")) ?? "",
    code: text(read(error, "code")),
    // The system's own numbers are negative.
    errno: typeof errno === "number" && Number.isInteger(errno) && errno >= 0 && errno < 65_536 ? errno : undefined,
    constraint: text(read(error, "constraint")),
  };
}

function isPresent(error: unknown): boolean {
  return error !== undefined && error !== null;
}

/** A member of what was thrown, which may be anything. */
function read(value: unknown, member: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[member];
  } catch {
    return undefined;
  }
}
