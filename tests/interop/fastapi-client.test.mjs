// `response_style = "fastapi"`: a client that was written for the package's FastAPI sees no other server. The recorded
// conversation of such a client is held with both, each on a database of its own, and every answer compared.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { withNames } from "../runtime/statements.mjs";
import { startWorker } from "../runtime/worker/harness.mjs";
import { client } from "./client.mjs";
import { SECRET } from "./pair.mjs";
import { startPython } from "./python.mjs";
import { replay } from "./replay.mjs";

const steps = JSON.parse(await readFile(new URL("fastapi-client.json", import.meta.url), "utf8"));

let directory;
let reference;
let worker;
let ours;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "auth101-interop-"));
  reference = await startPython("FastAPI", { database: `sqlite:///${path.join(directory, "app.db")}`, secret: SECRET });
  worker = await startWorker({ secret: SECRET, vars: { AUTH_RESPONSE_STYLE: "fastapi" } });
  ours = { ...client(worker.url), sql: (statement) => worker.sql(withNames(statement, {})) };
});
after(async () => {
  await reference?.stop();
  await worker?.dispose();
  await rm(directory, { recursive: true, force: true });
});

replay(steps, () => ({ reference, ours }), test);

test("every difference is one that the documentation lists", async () => {
  const page = await readFile(new URL("../../docs/migrating-from-python.md", import.meta.url), "utf8");
  for (const { differs } of steps.filter((step) => step.differs)) assert.ok(page.includes(differs.shown_by), differs.shown_by);
});
