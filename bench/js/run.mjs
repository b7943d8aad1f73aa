// The benchmark: `cargo xtask bench js` builds the package, installs what it is compared with, and runs this.

import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { quantile, sessionTimes } from "./load.mjs";
import { drawing } from "./drawing.mjs";
import { report } from "./report.mjs";

const SECONDS = 4;
const ROUNDS = 2;
const STARTS = 5;
const VARIANTS = ["pool", "inline", "better"];
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const say = (text) => console.error(`==> ${text}`);

const rounds = { pool: [], inline: [], better: [] };
for (let round = 1; round <= ROUNDS; round++) {
  for (const variant of VARIANTS) {
    say(`Measuring ${variant}, round ${round} of ${ROUNDS}`);
    rounds[variant].push(await measure(variant));
  }
}
const measured = Object.fromEntries(VARIANTS.map((variant) => [variant, best(rounds[variant])]));
say("Measuring starts and sizes");
for (const variant of ["pool", "better"]) {
  measured[variant].start = startTime(variant);
  measured[variant].size = await bundleSize(variant);
}

const machine = `${cpus().length} × ${cpus()[0].model.trim()}, Node ${process.versions.node}, ${process.platform}`;
const text = report(measured, { machine, seconds: SECONDS, rounds: ROUNDS, date: new Date().toISOString().slice(0, 10) });
await writeFile(here("results.md"), text);
await writeFile(here("results.svg"), drawing(measured));
console.log(text);

/** The better of each figure: other work on the machine makes them worse only. */
function best([first, ...others]) {
  const better = (name, a, b) => (["signIns", "getSessions"].includes(name) ? Math.max(a, b) : Math.min(a, b));
  const merge = (a, b) =>
    Object.fromEntries(
      Object.keys(a).map((name) => [name, typeof a[name] === "object" ? merge(a[name], b[name]) : better(name, a[name], b[name])]),
    );
  return others.reduce(merge, first);
}

async function measure(variant) {
  const directory = await mkdtemp(join(tmpdir(), "auth101-bench-"));
  const words = ["--disable-warning=ExperimentalWarning", here("measure.mjs"), variant, join(directory, "auth.db"), SECONDS];
  const child = spawn(process.execPath, words.map(String), { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const { url, signIn, ask, ...inProcess } = JSON.parse(line);
    const http = await sessionTimes(client(url, ask), SECONDS, client(url, signIn));
    return { ...inProcess, http };
  } finally {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
    await rm(directory, { recursive: true });
  }
}

/**
 * A client that sends one request again and again, over eight connections that stay open: a server that is busy accepts
 * new ones one at a time.
 */
function client(url, { path, init }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const { method = "GET", headers, body } = init;
  return () =>
    new Promise((resolve, reject) => {
      const request = http.request(url + path, { method, headers, agent }, (response) => {
        response.resume().on("end", () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`${path} answered ${response.statusCode}`));
        });
      });
      request.on("error", reject).end(body);
    });
}

/** Milliseconds: the median of some processes. */
function startTime(variant) {
  const once = () => {
    const words = ["--disable-warning=ExperimentalWarning", here("start.mjs"), variant];
    return Number(execFileSync(process.execPath, words, { encoding: "utf8" }));
  };
  return quantile(Array.from({ length: STARTS }, once).sort((a, b) => a - b), 0.5);
}

/** Bytes: what a program on Node that signs in over SQLite carries, minified and compressed. */
async function bundleSize(variant) {
  const imports = {
    pool: 'export { Auth101 } from "auth101-wasm"; export { sqlite } from "auth101-wasm/sqlite";',
    better: 'export { betterAuth } from "better-auth";',
  };
  const { outputFiles } = await build({
    stdin: { contents: imports[variant], resolveDir: here(".") },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node22",
    external: ["bun:*", "cloudflare:*"],
    logLevel: "error",
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}
