// The suites of the test kit and the races over D1, inside the real workerd.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { races } from "../claims/races.mjs";

const ROOT = new URL("../../../", import.meta.url);
const MODULES = ["js/dist/auth101_bg.wasm", "build/js-suite/suite_bg.wasm"];
const RACES = Object.keys(races).map((_, index) => `race${index}`);
const WRANGLER = await readFile(new URL("wrangler.toml", ROOT), "utf8");
/** So that the tests run on the runtime that is deployed. */
const [, COMPATIBILITY_DATE] = /^compatibility_date = "(.+)"$/m.exec(WRANGLER);

let miniflare;
let url;
before(async () => {
  const wasm = MODULES.map(async (path) => {
    return { type: "CompiledWasm", path: basename(path), contents: await readFile(new URL(path, ROOT)) };
  });
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: "ESModule", path: "index.js", contents: await bundle() }, ...(await Promise.all(wasm))],
      compatibilityDate: COMPATIBILITY_DATE,
      // For the assertions.
      compatibilityFlags: ["nodejs_compat"],
      d1Databases: Object.fromEntries(["driver", "store", ...RACES].map((name) => [name, name])),
      cf: false,
      telemetry: { enabled: false },
    }),
  );
  url = await miniflare.ready;
});
after(() => miniflare.dispose());

test("the driver does what every driver must do", async () => assert.ok((await held("driver")).length >= 15));
test("the store does what every store must do", async () => assert.ok((await held("store")).length >= 33));
for (const [index, title] of Object.keys(races).entries()) {
  test(title, async () => assert.deepEqual(await held(RACES[index]), [title]));
}

async function held(name) {
  const response = await fetch(new URL(name, url));
  const { passed, failure } = await response.json();
  assert.equal(failure, undefined);
  return passed;
}

/** The Worker, with the WebAssembly modules beside it. */
async function bundle() {
  const beside = {
    name: "wasm",
    setup: ({ onResolve }) =>
      onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path: `./${basename(path)}`, external: true })),
  };
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("d1_worker.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    external: ["node:*"],
    plugins: [beside],
  });
  return outputFiles[0].text;
}
