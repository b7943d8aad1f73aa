// The package in Node, Deno and Bun: imported and required, in an empty project, with nothing else installed.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { life, node, project, run, tool } from "./project.mjs";

const IMPORTS = `import { Auth101 } from "auth101-wasm";
import { sqlite } from "auth101-wasm/sqlite";`;
const REQUIRES = `const { Auth101 } = require("auth101-wasm");
const { sqlite } = require("auth101-wasm/sqlite");`;
const PRINT = `main().then(() => console.log("ok"));\n`;

const onSqlite = (imports) => life(imports, 'sqlite(":memory:")') + PRINT;

for (const major of [22, 24]) {
  for (const [way, file, imports] of [
    ["imported", "main.mjs", IMPORTS],
    ["required", "main.cjs", REQUIRES],
  ]) {
    test(`Node ${major}, ${way}: on node:sqlite`, async () => {
      const directory = await project({ [file]: onSqlite(imports) });
      assert.equal(await run(node(major), [file], { cwd: directory }), "ok\n");
    });
  }
}

for (const [way, file, imports] of [
  [
    "imported",
    "main.mjs",
    'import { Auth101 } from "auth101-wasm";\nimport { libsql } from "auth101-wasm/libsql";\nimport { createClient } from "@libsql/client";',
  ],
  [
    "required",
    "main.cjs",
    'const { Auth101 } = require("auth101-wasm");\nconst { libsql } = require("auth101-wasm/libsql");\nconst { createClient } = require("@libsql/client");',
  ],
]) {
  test(`Node 20, ${way}: on libSQL`, async () => {
    const program = life(imports, 'libsql(createClient({ url: "file:auth.db" }))');
    const migrate = 'auth.migrate().then(main).then(() => console.log("ok"));\n';
    const directory = await project({ [file]: program + migrate }, { packages: ["@libsql/client"] });
    assert.equal(await run(node(20), [file], { cwd: directory }), "ok\n");
  });
}

test("Node 20 has no SQLite of its own, and the driver says what to take", async () => {
  const directory = await project({ "main.mjs": onSqlite(IMPORTS) });
  await assert.rejects(run(node(20), ["main.mjs"], { cwd: directory }), /"auth101-wasm\/libsql"/);
});

test("Deno, by node_modules, imported and required, without any permission", async () => {
  const directory = await project({ "main.mjs": onSqlite(IMPORTS), "main.cjs": onSqlite(REQUIRES) });
  for (const file of ["main.mjs", "main.cjs"]) {
    const words = ["run", "--no-prompt", "--no-lock", "--node-modules-dir=manual", file];
    assert.equal(await run(tool("deno"), words, { cwd: directory }), "ok\n", file);
  }
});

// What tests in a simulated browser do, such as those of Jest with jsdom: they resolve by `browser` and `require`.
// `workerd` is not among them: what takes it is a bundler, which makes one script of modules and of what requires them,
// and there the WebAssembly has to stay an `import` of a file, for Workers compile none at run time. See workers.test.mjs.
for (const condition of ["browser", "deno", "bun"]) {
  test(`Node under the condition \`${condition}\`, imported and required, where \`require\` takes no modules`, async () => {
    const directory = await project({ "main.mjs": onSqlite(IMPORTS), "main.cjs": onSqlite(REQUIRES) });
    for (const file of ["main.mjs", "main.cjs"]) {
      const words = ["--no-experimental-require-module", "--conditions", condition, file];
      assert.equal(await run(node(22), words, { cwd: directory }), "ok\n", file);
    }
  });
}

test("Bun, imported and required", async () => {
  const directory = await project({ "main.mjs": onSqlite(IMPORTS), "main.cjs": onSqlite(REQUIRES) });
  for (const file of ["main.mjs", "main.cjs"]) {
    assert.equal(await run(tool("bun"), ["run", file], { cwd: directory }), "ok\n", file);
  }
});

test("every path of the package can be imported and required, in Node 20, 22 and 24", async () => {
  const directory = await project({
    "main.mjs": `import { createRequire } from "node:module";
import manifest from "auth101-wasm/package.json" with { type: "json" };
const require = createRequire(import.meta.url);
for (const path of Object.keys(manifest.exports)) {
  if (!path.endsWith(".wasm")) {
    const name = "auth101-wasm" + path.slice(1);
    const [imported, required] = [path.endsWith(".json") ? {} : await import(name), require(name)];
    for (const key of Object.keys(imported)) {
      if (key !== "default" && key !== "module.exports" && !(key in required)) throw new Error(name + " lacks " + key);
    }
    console.log(name);
  }
}
`,
  });
  for (const major of [20, 22, 24]) {
    const names = (await run(node(major), ["main.mjs"], { cwd: directory })).trim().split("\n");
    assert.ok(names.includes("auth101-wasm/client") && names.length > 8, `Node ${major}`);
  }
});

test("the WebAssembly is there as a file, and is that of the package", async () => {
  const directory = await project({
    "main.mjs": `import { readFile } from "node:fs/promises";
const bytes = await readFile(new URL(import.meta.resolve("auth101-wasm/auth101.wasm")));
console.log(WebAssembly.Module.exports(await WebAssembly.compile(bytes)).length > 0);
`,
  });
  for (const major of [20, 22, 24]) assert.equal(await run(node(major), ["main.mjs"], { cwd: directory }), "true\n");
});

test("the command is installed, and runs", async () => {
  const directory = await project({});
  const help = await run(join(directory, "node_modules/.bin/auth101-wasm"), ["--help"], { cwd: directory });
  assert.match(help, /migrate/);
  assert.match(help, /generate/);
});
