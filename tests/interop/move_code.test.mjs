// The two programs of docs/migrating-from-python.md, which show how code moves, are one to their clients: the second goes on
// where the first has stopped.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../runtime/children.mjs";
import { claims, client, refused, somebody, succeeded } from "./client.mjs";
import { block } from "./page.mjs";
import { PYTHON } from "./python.mjs";
import { ROOT } from "./processes.mjs";

const SECRET = "one-secret-before-and-after-the-move";
/** In the repository, where Node finds the package. */
const DIRECTORY = new URL("target/interop/move-code/", ROOT);

test("the program after the move goes on where the one before it has stopped", async () => {
  await rm(DIRECTORY, { recursive: true, force: true });
  await mkdir(DIRECTORY, { recursive: true });
  await writeFile(new URL("before.py", DIRECTORY), block("python before"));
  await writeFile(new URL("after.mjs", DIRECTORY), block("js after"));
  const { email, password } = somebody();

  const before = await withProgram(
    (port) => [PYTHON, "-m", "uvicorn", "--port", `${port}`, "--log-level", "critical", "before:app"],
    async (server) => {
      const answer = await server.signUp(email, password);
      return { ...succeeded(answer), status: answer.status, me: succeeded(await server.ask("/me", answer.body.access_token)) };
    },
  );
  assert.equal(before.status, 200);
  assert.equal(before.expires_in, 1_800);

  await withProgram(
    () => [process.execPath, "--disable-warning=ExperimentalWarning", "after.mjs"],
    async (server) => {
      assert.deepEqual(succeeded(await server.session(before.access_token)), { user: before.user });
      assert.deepEqual(succeeded(await server.ask("/me", before.access_token)), before.me);
      refused(await server.ask("/me", "garbled"), "401 UNAUTHORIZED");
      const refreshed = succeeded(await server.refresh(before.refresh_token));
      assert.deepEqual(refreshed.user, before.user);
      const { iat, exp } = claims(refreshed.access_token);
      assert.equal(exp - iat, 1_800);
      assert.deepEqual(succeeded(await server.signIn(email, password)).user, before.user);
      const answer = await server.signUp(email, password);
      refused(answer, "400 USER_EXISTS");
      assert.ok(answer.body.detail);
    },
  );
});

/** Runs a program until `use` is done with it. */
async function withProgram(command, use) {
  const port = await freePort();
  const [program, ...parameters] = command(port);
  const child = spawn(program, parameters, {
    cwd: fileURLToPath(DIRECTORY),
    env: { ...process.env, AUTH_SECRET: SECRET, PORT: `${port}` },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (complaint += text));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const server = client(`http://127.0.0.1:${port}`);
  try {
    while (!(await server.session("").then(() => true, () => false))) {
      assert.equal(child.exitCode, null, complaint);
      await sleep(50);
    }
    return await use(server);
  } finally {
    child.kill();
    await ended;
  }
}
