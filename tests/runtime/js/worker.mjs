// A Worker over the package, bundled as wrangler bundles it, in the real workerd.

import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";

const ROOT = new URL("../../../", import.meta.url);
/** As in wrangler.toml, so that the tests run on the runtime that is deployed. */
const [, COMPATIBILITY_DATE] = /^compatibility_date = "(.+)"$/m.exec(await readFile(new URL("wrangler.toml", ROOT), "utf8"));

/** The modules of a Worker whose source imports the package by its name. */
export async function bundleWorker(entry) {
  const directory = await mkdtemp(join(tmpdir(), "auth101-"));
  try {
    await mkdir(join(directory, "node_modules"));
    await symlink(fileURLToPath(new URL("js", ROOT)), join(directory, "node_modules/auth101-wasm"));
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(entry)],
      bundle: true,
      write: false,
      outdir: directory,
      format: "esm",
      conditions: ["workerd", "worker", "browser"],
      nodePaths: [join(directory, "node_modules")],
      loader: { ".wasm": "copy" },
      assetNames: "[name]",
    });
    const file = (end) => outputFiles.find(({ path }) => path.endsWith(end));
    return [
      { type: "ESModule", path: "index.js", contents: file(".js").text },
      { type: "CompiledWasm", path: "auth101_bg.wasm", contents: file(".wasm").contents },
    ];
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Starts it with a D1 database `DB` and these bindings. */
export async function startWorker(modules, bindings) {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules,
      compatibilityDate: COMPATIBILITY_DATE,
      bindings,
      d1Databases: { DB: "auth101" },
      // The address that a client claims reaches the Worker, so that a test can play the platform.
      stripCfConnectingIp: false,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
    }),
  );
  const url = await miniflare.ready;
  return { url, db: await miniflare.getD1Database("DB"), dispose: () => miniflare.dispose() };
}
