// The table of differences in docs/migrating-from-python.md has a row for every test of differences/, and each row's tests
// are there.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const read = (path) => readFile(new URL(path, import.meta.url), "utf8");

test("the table of differences is that of the tests", async () => {
  const page = await read("../../docs/migrating-from-python.md");
  const rows = [...page.matchAll(/\[(\w+)\]\(\.\.\/tests\/interop\/differences\/(\w+)\.test\.mjs\): (.+) \|$/gm)];
  const listed = rows.flatMap(([, name, file, titles]) => titles.split("; ").map((title) => `${name}/${file}: ${title}`));
  const declared = [];
  for (const file of await readdir(new URL("differences/", import.meta.url))) {
    const name = file.replace(".test.mjs", "");
    for (const [, title] of (await read(`differences/${file}`)).matchAll(/^test\("(.+?)", /gm)) {
      declared.push(`${name}/${name}: ${title}`);
    }
  }
  assert.ok(declared.length > 20);
  assert.deepEqual(listed.sort(), declared.sort());
});
