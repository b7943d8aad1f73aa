// The package in a Cloudflare Worker, examples/worker-js, as wrangler bundles it, on D1.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { project, run, SECRET, tool } from "./project.mjs";

const EXAMPLE = new URL("../../examples/worker-js/", import.meta.url);
const example = (name) => readFile(new URL(name, EXAMPLE), "utf8");

/** Bundles a worker: its modules, the script first. */
async function bundle(directory) {
  await run(tool("wrangler"), ["deploy", "--dry-run", "--outdir", "out"], { cwd: directory });
  const out = join(directory, "out");
  const files = (await readdir(out)).filter((name) => /\.(js|wasm)$/.test(name)).sort();
  assert.deepEqual(files.map((name) => name.split(".").at(-1)), ["wasm", "js"], "one module and one script");
  const modules = await Promise.all(
    files.reverse().map(async (name) => ({
      type: name.endsWith(".js") ? "ESModule" : "CompiledWasm",
      path: name,
      contents: await readFile(join(out, name), name.endsWith(".js") ? "utf8" : undefined),
    })),
  );
  assert.ok(modules[0].contents.length < 200_000, "the module is not in the script a second time, as text");
  return modules;
}

/** Starts a worker on an empty D1. */
function start(t, modules) {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules,
      compatibilityDate: "2026-10-01",
      bindings: { AUTH_SECRET: SECRET },
      d1Databases: { DB: "auth" },
      cf: false,
      telemetry: { enabled: false },
    }),
  );
  t.after(() => miniflare.dispose());
  return miniflare;
}

// Why `workerd` has no file for `require`: CommonJS cannot import the .wasm, the text of the WebAssembly would have to be
// compiled at run time, which Workers refuse, and whoever bundles for them takes the module for `require` as well.
test("a worker that requires it is bundled with the same module, and starts", async (t) => {
  const worker = (await example("worker.js")).replace(
    /^import (\{ Auth101 \}) from ("auth101-wasm");$/m,
    (_, names, path) => `const ${names} = require(${path});`,
  );
  assert.match(worker, /require\("auth101-wasm"\)/);
  const directory = await project({ "worker.js": worker, "wrangler.toml": await example("wrangler.toml") });
  const miniflare = start(t, await bundle(directory));
  const response = await miniflare.dispatchFetch("http://localhost/auth/session");
  assert.equal(response.status, 401);
  assert.equal((await response.json()).error.code, "UNAUTHORIZED");
});

test("wrangler bundles it with its module, and the routes work on D1", async (t) => {
  const [worker, configuration] = await Promise.all([example("worker.js"), example("wrangler.toml")]);
  const directory = await project({ "worker.js": worker, "wrangler.toml": configuration });
  const miniflare = start(t, await bundle(directory));
  const schema = await run(tool("node"), ["node_modules/auth101-wasm/dist/esm/cli/main.js", "generate", "--dialect", "sqlite"], {
    cwd: directory,
  });

  const db = await miniflare.getD1Database("DB");
  const statements = schema.replaceAll(/^--.*$/gm, "").split(";").filter((statement) => statement.trim() !== "");
  await db.batch(statements.map((statement) => db.prepare(statement)));

  const post = async (path, body, headers = {}) => {
    const response = await miniflare.dispatchFetch(`http://localhost/auth${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  const credentials = { email: "ada@example.com", password: "correct horse" };
  assert.equal((await post("/sign-up/email", credentials)).status, 201);
  const { body: signedIn } = await post("/sign-in/email", credentials);
  const { body: renewed } = await post("/refresh", { refresh_token: signedIn.refresh_token });
  assert.equal(renewed.user.email, credentials.email);
  const authorization = { authorization: `Bearer ${renewed.access_token}` };
  const session = await miniflare.dispatchFetch("http://localhost/auth/session", { headers: authorization });
  assert.deepEqual(await session.json(), { user: renewed.user });
  const me = (headers) => miniflare.dispatchFetch("http://localhost/me", { headers });
  assert.deepEqual(await (await me(authorization)).json(), { email: credentials.email });
  assert.equal((await me({})).status, 401);
  assert.deepEqual(await post("/sign-out", {}, authorization), { status: 200, body: { success: true } });
  assert.equal((await post("/refresh", { refresh_token: renewed.refresh_token })).body.error.code, "SESSION_NOT_FOUND");
  assert.equal((await me(authorization)).status, 401, "the session has ended");
  assert.equal((await post("/revoke", { refresh_token: renewed.refresh_token })).status, 200);
});
