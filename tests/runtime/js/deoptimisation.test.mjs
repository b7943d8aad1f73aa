// V8 may take back the optimisation of whoever calls into WebAssembly while the module is at work. With an export that
// returns a reference that ends the process in Node.js 20 and 22.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

test("a call survives that its caller loses its optimisation", async () => {
  const program = fileURLToPath(new URL("program/deoptimise.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--allow-natives-syntax", program]);
  const times = JSON.parse(stdout);
  for (const call of ["start", "answerBatch", "answerHash"]) assert.ok(times[call] > 0, `${call} never lost it`);
});
