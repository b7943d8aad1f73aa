// Holds the HTTP conversations of tests/wire, whose format tests/wire/README.md describes, with a runtime.
//
// A subject is what conversations are held with:
//   fetch(path, init)       sends a request and resolves to a Response
//   sql(statement, values)  runs a statement with `?` for each value and names in double quotes, and resolves to its rows
//                           as objects, datetimes as text

import { withNames } from "./statements.mjs";

const TABLES = ["users", "account", "session", "verification"];
const HEADER = '{"alg":"HS256","typ":"JWT"}';
// How long ago a fresh token may have been made, in seconds: what a slow machine needs between two steps.
const FRESH_SECONDS = 30;

/** The kinds of steps, and what each has besides. */
const STEPS = {
  request: ["headers", "body", "text", "base64", "pad_to", "expect"],
  mint: ["header", "claims", "secret", "hash"],
  decode: ["secret", "claims", "lifetime", "fresh"],
  sql: ["values"],
  insert: ["row"],
  rows: ["values", "expect"],
  age: [],
  repeat: ["steps"],
};

/**
 * Holds one conversation over empty tables; rejects with the step that failed, what it expected and what it got.
 *
 * @param {{ secret: string, names?: object, steps: object[], opening?: object[] }} conversation `secret` signs the tokens
 *   of the subject, `names` are its entity options, `opening` are the steps before the first
 */
export async function replay({ secret, names = {}, opening = [], steps }, { fetch, sql }) {
  const subject = { fetch, sql: (statement, values) => sql(withNames(statement, names), values) };
  for (const table of TABLES) await subject.sql(`DELETE FROM {${table}}`, []);
  const scope = new Map([["secret", secret]]);
  await runAll(opening, scope, subject, "before, step");
  await runAll(steps, scope, subject, "step");
}

/** Refuses an object with another member than these. */
export function only(members, object, what) {
  const other = Object.keys(object).find((name) => !members.includes(name));
  if (other !== undefined) throw new Error(`${what} has no member ${other}`);
}

async function runAll(steps, scope, subject, about) {
  for (const [index, step] of steps.entries()) await run(step, scope, subject, `${about} ${index + 1}`);
}

async function run(step, scope, subject, place) {
  const [kind] = Object.keys(step);
  if (!Object.hasOwn(STEPS, kind)) throw new Error(`${place}: there is no step ${kind}`);
  only([kind, ...STEPS[kind]], step, `${place}, ${kind},`);
  if (kind === "repeat") {
    for (const item of step.repeat) {
      const inner = new Map(scope);
      const values = isObject(item) ? Object.entries(item) : [["it", item]];
      for (const [name, value] of values) inner.set(name, resolve(value, inner));
      await runAll(step.steps, inner, subject, `${place}, with ${JSON.stringify(item)}, step`);
    }
    return;
  }
  try {
    switch (kind) {
      case "request":
        return await exchange(step, scope, subject);
      case "mint":
        return await mint(step, scope);
      case "decode":
        return await decode(step, scope);
      case "sql":
        return void (await query(step.sql, step.values, scope, subject));
      case "insert":
        return void (await insert(step.insert, step.row, scope, subject));
      case "rows":
        return expectJson(step.expect, JSON.stringify(await query(step.rows, step.values, scope, subject)), scope);
      case "age":
        return await age(step.age, subject);
    }
  } catch (problem) {
    throw new Error(`${place}: ${JSON.stringify(step).slice(0, 400)}\n${problem.message}`, { cause: problem });
  }
}

// Requests

async function exchange({ expect, ...step }, scope, subject) {
  only(["status", "headers", "body"], expect, "an expectation");
  const response = await subject.fetch(...requestOf(step, scope));
  const got = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await response.arrayBuffer());
  try {
    equal("status", resolve(expect.status, scope), response.status);
    checkHeaders(response, got, expect.headers ?? {}, scope);
    if (expect.body === null) equal("body", "", got);
    else expectJson(expect.body, got, scope);
  } catch (problem) {
    throw new Error(`${problem.message}\nresponse: ${response.status} ${got}`, { cause: problem });
  }
}

/** The path and the init of the request that a step describes; `scope` maps the names of placeholders to values. */
export function requestOf({ request, headers = {}, body, text: raw, base64, pad_to }, scope) {
  if ([body, raw, base64].filter((one) => one !== undefined).length > 1) throw new Error("a request has one body");
  const [, method, path] = /^(\S+) (.*)$/.exec(text(request, scope));
  const sent = new Headers();
  let bytes = null;
  if (body !== undefined) bytes = encode(JSON.stringify(resolve(body, scope)));
  if (raw !== undefined) bytes = encode(text(raw, scope));
  if (base64 !== undefined) bytes = Uint8Array.from(atob(text(base64, scope)), (character) => character.charCodeAt(0));
  if (bytes) sent.set("Content-Type", "application/json");
  if (pad_to > bytes?.length) {
    const padded = new Uint8Array(pad_to).fill(0x20);
    padded.set(bytes);
    bytes = padded;
  }
  for (const [name, value] of Object.entries(headers)) {
    const resolved = resolve(value, scope);
    sent.delete(name);
    for (const single of resolved === null ? [] : [resolved].flat()) sent.append(name, single);
  }
  const init = { method, headers: sent, redirect: "manual" };
  if (bytes) init.body = bytes;
  return [path, init];
}

// The headers that the step expects, and those that every response must have or must not have.
function checkHeaders(response, body, expected, scope) {
  const headers = response.headers;
  equal("Cache-Control", "no-store", headers.get("Cache-Control"));
  equal("WWW-Authenticate", response.status === 401 ? "Bearer" : null, headers.get("WWW-Authenticate"));
  equal("Set-Cookie", null, headers.get("Set-Cookie"));
  if (body !== "") equal("Content-Type", "application/json", headers.get("Content-Type"));
  const asked = Object.keys(expected).map((name) => name.toLowerCase());
  for (const [name, value] of headers) {
    const special = name.startsWith("access-control-") || ["allow", "location", "vary"].includes(name);
    if (special && !asked.includes(name)) equal(name, null, value);
  }
  for (const [name, value] of Object.entries(expected)) {
    const resolved = resolve(value, scope);
    if (resolved === null || headers.get(name) === null) equal(name, resolved, headers.get(name));
    else expectParts(textParts(resolved, scope, (literal) => literal), headers.get(name), scope);
  }
}

// Tokens, made and taken apart without the product's code, so that neither can excuse the other.

async function mint({ mint: name, header = HEADER, claims, secret = "${secret}", hash = "SHA-256" }, scope) {
  const part = (template) => toBase64url(encode(asText(resolve(template, scope))));
  const signed = `${part(header)}.${part(claims)}`;
  scope.set(name, `${signed}.${toBase64url(await hmac(text(secret, scope), signed, text(hash, scope)))}`);
}

async function decode({ decode: template, secret = "${secret}", claims: expected, lifetime, fresh }, scope) {
  const parts = text(template, scope).split(".");
  equal("number of parts", 3, parts.length);
  const [header, payload, signature] = parts;
  equal("signature", toBase64url(await hmac(text(secret, scope), `${header}.${payload}`, "SHA-256")), signature);
  equal("header", HEADER, fromBase64url(header));
  const json = fromBase64url(payload);
  expectJson(expected, json, scope);
  const { iat, exp } = JSON.parse(json);
  if (!Number.isInteger(iat) || !Number.isInteger(exp)) throw new Error(`iat or exp is no integer: ${json}`);
  if (lifetime !== undefined) equal("exp - iat", lifetime, exp - iat);
  const now = unixNow();
  if (fresh && !(iat <= now && iat >= now - FRESH_SECONDS)) equal("iat", now, iat);
}

async function hmac(secret, message, hash) {
  // WebCrypto refuses an empty key; HMAC fills keys up with zeros, so one zero is the same key.
  const key = secret === "" ? new Uint8Array(1) : encode(secret);
  const algorithm = { name: "HMAC", hash };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, encode(message)));
}

function toBase64url(bytes) {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64url(part) {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  equal("base64url", toBase64url(bytes), part);
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

// The database

async function query(statement, values = [], scope, subject) {
  return subject.sql(
    text(statement, scope),
    values.map((value) => resolve(value, scope)),
  );
}

async function insert(table, row, scope, subject) {
  const columns = Object.keys(row);
  const places = columns.map(() => "?").join(", ");
  const names = columns.map((column) => `{${table}.${column}}`).join(", ");
  await query(`INSERT INTO {${table}} (${names}) VALUES (${places})`, Object.values(row), scope, subject);
}

// Lets time pass for the sessions: their datetimes move back.
async function age(seconds, subject) {
  const columns = ["created_at", "updated_at", "expires_at"];
  const items = ["id", ...columns].map((column) => `{session.${column}} AS ${column}`).join(", ");
  for (const row of await subject.sql(`SELECT ${items} FROM {session}`, [])) {
    const moved = columns.map((column) => {
      const parsed = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?$/.exec(row[column]);
      if (!parsed) throw new Error(`session.${column} is no datetime: ${row[column]}`);
      const [, date, time, fraction = ""] = parsed;
      return datetime(Date.parse(`${date}T${time}Z`) / 1000 - seconds, fraction);
    });
    const assignments = columns.map((column) => `{session.${column}} = ?`).join(", ");
    await subject.sql(`UPDATE {session} SET ${assignments} WHERE {session.id} = ?`, [...moved, row.id]);
  }
}

function datetime(seconds, fraction = ".000000") {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ") + fraction;
}

// Placeholders

function resolve(template, scope) {
  if (typeof template === "string") {
    const name = wholePlaceholder(template);
    return name === null ? text(template, scope) : lookUp(name, scope);
  }
  if (Array.isArray(template)) return template.map((item) => resolve(item, scope));
  if (isObject(template)) {
    return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, resolve(value, scope)]));
  }
  return template;
}

function text(template, scope) {
  return pieces(template)
    .map(({ literal, name }) => literal ?? asText(lookUp(name, scope)))
    .join("");
}

function asText(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function lookUp(name, scope) {
  const time = /^(now|datetime|iso)([+-]\d+(?:\.\d+)?)?$/.exec(name);
  if (time) {
    const at = unixNow() + Number(time[2] ?? 0);
    if (time[1] === "now") return at;
    return time[1] === "iso" ? datetime(at).replace(" ", "T") : datetime(at);
  }
  const repeated = /^repeat:(\d+):(.*)$/s.exec(name);
  if (repeated) return repeated[2].repeat(Number(repeated[1]));
  if (scope.has(name)) return scope.get(name);
  const [token, part] = name.split(".");
  const index = ["header", "payload", "signature"].indexOf(part);
  if (index >= 0 && scope.has(token)) return scope.get(token).split(".")[index];
  throw new Error(`\${${name}} is bound to nothing`);
}

function pieces(template) {
  const found = [];
  let rest = template;
  for (let start = rest.indexOf("${"); start >= 0; start = rest.indexOf("${")) {
    const end = rest.indexOf("}", start);
    if (end < 0) throw new Error(`a placeholder without end: ${template}`);
    found.push({ literal: rest.slice(0, start) }, { name: rest.slice(start + 2, end) });
    rest = rest.slice(end + 1);
  }
  return [...found, { literal: rest }];
}

function wholePlaceholder(template) {
  return /^\$\{([^{}]*)\}$/s.exec(template)?.[1] ?? null;
}

// Expectations: a text, byte for byte but for its patterns

const UUID = (version) => new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`);
const PATTERNS = {
  uuid: [UUID(4), "a UUID of version 4"],
  uuid8: [UUID(8), "a UUID of version 8"],
  jwt: [/^[\w-]+\.[\w-]+\.[\w-]+(?![\w.-])/, "a token of three parts"],
  int: [/^-?\d+/, "an integer"],
  text: [/^[^"\\]+/, "some text"],
};

function asPattern(name) {
  const [kind, variable = "_"] = name.split(":");
  return Object.hasOwn(PATTERNS, kind) ? { kind, variable } : null;
}

function expectJson(expected, got, scope) {
  expectParts(jsonParts(expected, scope), got, scope);
}

function expectParts(parts, got, scope) {
  let rest = got;
  const captured = [];
  for (const part of parts) {
    const pattern = part.kind && PATTERNS[part.kind];
    const taken = pattern ? pattern[0].exec(rest)?.[0] : rest.startsWith(part.literal) ? part.literal : undefined;
    if (taken === undefined) {
      const wanted = pattern ? pattern[1] : part.literal;
      throw new Error(`expected: ${wanted}\n     got: ${rest}\n   whole: ${got}`);
    }
    if (pattern) captured.push([part.variable, part.kind === "int" ? Number(taken) : taken]);
    rest = rest.slice(taken.length);
  }
  if (rest !== "") throw new Error(`expected the end\n     got: ${JSON.stringify(rest)}\n   whole: ${got}`);
  for (const [name, value] of captured) scope.set(name, value);
}

function jsonParts(expected, scope) {
  if (typeof expected === "string") {
    // An integer, or a variable that is not text, stands without the quotation marks of its placeholder.
    const name = wholePlaceholder(expected);
    const pattern = name === null ? null : asPattern(name);
    if (pattern?.kind === "int") return [pattern];
    if (name !== null && !pattern) return [{ literal: JSON.stringify(lookUp(name, scope)) }];
    const escape = (literal) => JSON.stringify(literal).slice(1, -1);
    return [{ literal: '"' }, ...textParts(expected, scope, escape), { literal: '"' }];
  }
  if (Array.isArray(expected)) {
    const items = expected.flatMap((item, index) => [{ literal: index ? "," : "" }, ...jsonParts(item, scope)]);
    return [{ literal: "[" }, ...items, { literal: "]" }];
  }
  if (isObject(expected)) {
    const members = Object.entries(expected).flatMap(([name, value], index) => [
      { literal: `${index ? "," : ""}${JSON.stringify(name)}:` },
      ...jsonParts(value, scope),
    ]);
    return [{ literal: "{" }, ...members, { literal: "}" }];
  }
  return [{ literal: JSON.stringify(expected) }];
}

function textParts(template, scope, escape) {
  return pieces(template).map(({ literal, name }) => {
    if (literal !== undefined) return { literal: escape(literal) };
    return asPattern(name) ?? { literal: escape(asText(lookUp(name, scope))) };
  });
}

function equal(what, expected, got) {
  if (expected !== got) throw new Error(`expected ${what}: ${JSON.stringify(expected)}\n     got: ${JSON.stringify(got)}`);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function encode(value) {
  return new TextEncoder().encode(value);
}

function unixNow() {
  return Math.floor(Date.now() / 1000);
}
