// The drivers against the types of the real clients. The package itself depends on none of them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const OPTIONS = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "--esModuleInterop"];
const MODULES = ["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--types", "node"];

test("each driver takes the clients that it names, and TypeScript refuses others", async () => {
  const words = [...OPTIONS, ...MODULES, "--ignoreConfig", "tests/runtime/js/driver_types.ts"];
  const checked = await promisify(execFile)(`${ROOT}node_modules/.bin/tsc`, words, { cwd: ROOT }).catch((error) => error);
  assert.equal(checked.stdout, "");
  assert.equal(checked.code, undefined, `${checked}`);
});
