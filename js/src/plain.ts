/**
 * Plain values: all that enters the core. It reads their members without a guard, so there must be none that runs code
 * of a host's.
 *
 * @module
 */

/** A value without behaviour. Objects have no prototype. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainObject;

/** An object of them. */
export interface PlainObject {
  readonly [name: string]: Plain;
}

/** How deep values lie in one another: far deeper than any option. */
const MAX_DEPTH = 128;

/**
 * A member is of a kind that no value has: a function, a symbol, a bigint, a number that is none or endless, a text that
 * UTF-8 cannot write, or an object that contains itself.
 */
export class NotPlain extends Error {
  /** @param path where it lies, such as `user.fields.email`. */
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(`${path} ${problem}`);
  }
}

/**
 * A deep copy of whatever a host wrote, with what JSON would make of it: a `Date` is its text, and members that are
 * undefined are left out.
 *
 * @throws NotPlain where JSON would leave out more than that, write null or something else, or not end. Else where a
 * getter or a proxy does.
 */
export function copyObject(object: object): PlainObject {
  return copyMembers(object, "", [object]);
}

function copyMembers(object: object, prefix: string, around: readonly object[]): PlainObject {
  const copy: Record<string, Plain> = Object.create(null);
  for (const [name, member] of Object.entries(object)) {
    const value = copyValue(member, prefix + name, around);
    if (value !== undefined) copy[name] = value;
  }
  return copy;
}

function copyValue(given: unknown, path: string, around: readonly object[]): Plain | undefined {
  const value = standIn(given);
  switch (typeof value) {
    case "undefined":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new NotPlain(path, `cannot be ${value}`);
      return value;
    case "string":
      if (hasLoneSurrogate(value)) throw new NotPlain(path, "has half of a surrogate pair, which UTF-8 cannot write");
      return value;
    case "object": {
      if (value === null) return null;
      if (around.includes(value) || around.length === MAX_DEPTH) throw new NotPlain(path, "contains itself");
      const within = [...around, value];
      const inside = `${path}.`;
      if (!Array.isArray(value)) return copyMembers(value, inside, within);
      return Array.from(value, (item, index) => copyValue(item, inside + index, within) ?? null);
    }
    default:
      throw new NotPlain(path, `cannot be a ${typeof value}`);
  }
}

/** What stands for an object in JSON: what its `toJSON` gives, or the value in its box. */
function standIn(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { toJSON } = value as { toJSON?: unknown };
  const given: unknown = typeof toJSON === "function" ? toJSON.call(value, "") : value;
  const isBox = given instanceof String || given instanceof Number || given instanceof Boolean;
  return isBox ? given.valueOf() : given;
}

/** Whether a text holds half of a surrogate pair, which UTF-8 cannot write: it would reach the core as another text. */
export function hasLoneSurrogate(text: string): boolean {
  return LONE_SURROGATE.test(text);
}

const LONE_SURROGATE = /\p{Surrogate}/u;
