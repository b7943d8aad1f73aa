// Programs that the tests talk to by lines of JSON, and that end when their input does.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = new URL("../../", import.meta.url);

/**
 * Starts a program and waits for the line that it begins with.
 *
 * @param {string} program
 * @param {string[]} parameters
 * @returns {Promise<{ first: any, ask: (question: unknown) => Promise<any>, stop: () => Promise<void> }>} what it said
 *   first, a way to ask it more, one question after the other, and its end
 */
export async function start(program, parameters) {
  const child = spawn(program, parameters, { cwd: fileURLToPath(ROOT), stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (complaint = (complaint + text).slice(-4_000)));
  const ended = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} ${parameters[0]} has ended:\n${complaint}`);
    return JSON.parse(value);
  };
  const first = await next();
  let turn = Promise.resolve();
  const ask = (question) => {
    const answer = turn.then(() => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return next();
    });
    turn = answer.catch(() => {});
    return answer;
  };
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { first, ask, stop };
}
