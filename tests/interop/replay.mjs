// Holds one recorded conversation with two servers and compares their answers.
//
// A conversation is a list of steps:
//   request, headers, body, text, base64
//               as in tests/wire; `${name}` stands for what an earlier answer of the same server was remembered as
//   remember    names for members of the answer
//   differs     where the answers differ on purpose: `shown_by`, the test of differences/ that is about it, and what each
//               answers, as [status, body]
//   sql         instead of a request: a statement for both databases
//
// Before they are compared, identifiers become their number in the order of their appearance, and tokens what they say.

import assert from "node:assert/strict";
import { requestOf } from "../runtime/wire.mjs";
import { claims } from "./client.mjs";

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TOKEN = /[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g;

/**
 * @param {object[]} steps
 * @param {() => { reference: object, ours: object }} servers once a step is taken; each a client with `sql(statement)`
 * @param {(name: string, check: () => Promise<void>) => unknown} declare declares one test a step
 */
export function replay(steps, servers, declare) {
  const memories = { reference: newMemory(), ours: newMemory() };
  for (const [index, step] of steps.entries()) {
    const name = step.sql ?? `${step.request} ${JSON.stringify(step.body ?? step.text ?? step.headers ?? "")}`;
    declare(`${index + 1}. ${name.slice(0, 100)}`, async () => {
      const [reference, ours] = [
        await take(step, servers().reference, memories.reference),
        await take(step, servers().ours, memories.ours),
      ];
      if (!step.differs) return assert.deepEqual(ours, reference);
      assert.deepEqual(summary(reference), step.differs.reference, `the reference: ${reference?.body}`);
      assert.deepEqual(summary(ours), step.differs.ours, `ours: ${ours?.body}`);
    });
  }
}

async function take(step, server, memory) {
  if (step.sql) return void (await server.sql(step.sql));
  const [path, init] = requestOf(step, memory.values);
  const answer = await server.request(path, { ...init, headers: Object.fromEntries(init.headers) });
  for (const [name, member] of Object.entries(step.remember ?? {})) memory.values.set(name, answer.body[member]);
  return {
    status: answer.status,
    type: answer.headers.get("content-type"),
    allow: answer.headers.get("allow"),
    body: memory.describe(answer.text),
  };
}

function newMemory() {
  const values = new Map();
  const identifiers = [];
  const identifier = (text) => {
    if (!identifiers.includes(text)) identifiers.push(text);
    return `<identifier ${identifiers.indexOf(text) + 1}>`;
  };
  const token = (text) => {
    // `sid` and `jti` are what each server makes of its sessions.
    const { sub, iat, exp, email, type } = claims(text);
    return `<${type} token of ${sub} ${email} for ${exp - iat} seconds>`;
  };
  return { values, describe: (text) => text.replace(TOKEN, token).replace(UUID, identifier) };
}

function summary({ status, body }) {
  try {
    return [status, JSON.parse(body)];
  } catch {
    return [status, body];
  }
}
