// The Worker on the file of its local D1. Python opens that very file: D1 keeps it in SQLite's WAL mode, so each side sees
// what the other has committed. D1 does not wait for a lock, so the two must not write at the same moment; over the
// network nobody shares a D1 with a Python server anyway.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startWorker } from "../../runtime/worker/harness.mjs";
import { client } from "../client.mjs";

/** Answers one more route, with the size of the module's linear memory. */
const PROBE = `
  const modules = [];
  WebAssembly.Instance = class extends WebAssembly.Instance {
    constructor(...given) {
      super(...given);
      modules.push(this);
    }
  };
  export default {
    async fetch(request, ...rest) {
      const { default: worker } = await import("./index.js");
      if (new URL(request.url).pathname !== "/memory-of-the-module") return worker.fetch(request, ...rest);
      return new Response(modules.reduce((bytes, { exports }) => bytes + exports.memory.buffer.byteLength, 0));
    },
  };
`;

export const worker = {
  name: "the Worker on its D1 file",
  dialect: "sqlite",
  waitsForLocks: false,
  start: (given) => start(given),
};

export const workerWithProbe = { ...worker, start: (given) => start(given, PROBE) };

async function start({ secret, options }, entry) {
  const directory = await mkdtemp(path.join(tmpdir(), "auth101-interop-"));
  const running = await startWorker({ secret, vars: variables(options), persist: directory, migrate: false, entry });
  // The first question makes the file.
  await running.db.prepare("SELECT 1").all();
  return {
    ...client(running.url),
    database: `sqlite:///${await databaseFile(directory)}`,
    stop: async () => {
      await running.dispose();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Options as the Worker is given them. */
function variables(options) {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [`AUTH_${name.toUpperCase()}`, value]));
}

/** Where the local D1 keeps its only database. */
async function databaseFile(directory) {
  const objects = path.join(directory, "d1", "miniflare-D1DatabaseObject");
  const [file] = (await readdir(objects)).filter((name) => /^[0-9a-f]+\.sqlite$/.test(name));
  return path.join(objects, file);
}
