// What the tarball holds, and what the tools say that judge packages.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { manifest, project, run, tarball, tool } from "./project.mjs";

const directory = join(await project({}), "node_modules/auth101-wasm");
const read = (path) => readFile(join(directory, path), "utf8");
const packageJson = JSON.parse(await read("package.json"));
const paths = manifest.files.map(({ path }) => path);

test("it needs no other package, and runs nothing when it is installed", () => {
  for (const field of ["dependencies", "optionalDependencies", "bundleDependencies", "scripts"]) {
    assert.equal(packageJson[field], undefined, field);
  }
  // Frameworks whose types an integration names are the application's, if it has them.
  for (const name of Object.keys(packageJson.peerDependencies)) {
    assert.deepEqual(packageJson.peerDependenciesMeta[name], { optional: true }, name);
  }
});

test("it holds what is used at run time, and the papers", () => {
  const known = /^(dist\/.+\.(js|d\.ts|js\.map|wasm)$|dist\/\w+\/package\.json$|README\.md$|LICENSE$|package\.json$)/;
  assert.deepEqual(paths.filter((path) => !known.test(path)), []);
  for (const path of ["README.md", "LICENSE", "dist/auth101_bg.wasm"]) assert.ok(paths.includes(path), path);
  // Once as a file, and once as text in each of the two formats.
  const copies = manifest.files.filter(({ size }) => size > 300_000).map(({ path }) => path);
  assert.deepEqual(copies.sort(), ["dist/auth101_bg.wasm", "dist/cjs/wasm/inline.js", "dist/esm/wasm/inline.js"]);
});

test("every file that package.json names is there", () => {
  const named = [];
  const collect = (value) => {
    if (typeof value === "string") named.push(posix.normalize(value));
    else for (const inner of Object.values(value)) collect(inner);
  };
  collect([packageJson.exports, packageJson.main, packageJson.types, packageJson.bin]);
  assert.ok(named.length > 20);
  assert.deepEqual(named.filter((path) => !paths.includes(path)), []);
});

test("every path has a file for whoever knows no condition, and one of CommonJS for `require`", () => {
  const formats = { "./dist/esm/": "module", "./dist/cjs/": "commonjs" };
  const formatOf = (target) => Object.entries(formats).find(([start]) => target.default.startsWith(start))?.[1];
  for (const [path, conditions] of Object.entries(packageJson.exports)) {
    if (typeof conditions === "string") continue;
    // Workers take modules only: workers.test.mjs has what `require` becomes there.
    const { workerd, require, default: otherwise, ...platforms } = conditions;
    assert.equal(workerd && formatOf(workerd), path === "." ? "module" : undefined, path);
    for (const platform of [{ require, default: otherwise }, ...Object.values(platforms)]) {
      assert.deepEqual([formatOf(platform.require), formatOf(platform.default)], ["commonjs", "module"], path);
    }
    // In their order: what stands behind `default` is never reached.
    assert.equal(Object.keys(conditions).at(-1), "default", path);
  }
});

test("every source map holds its source, and every file that names a map has it", async () => {
  const maps = [];
  for (const path of paths.filter((path) => path.endsWith(".js"))) {
    const [, name] = /^\/\/# sourceMappingURL=(.+)$/m.exec((await read(path)).slice(-300)) ?? [];
    if (name === undefined) continue;
    maps.push(posix.join(dirname(path), name));
    const { sources, sourcesContent } = JSON.parse(await read(maps.at(-1)));
    // The text itself, for the sources are no part of the package. A file of types alone has none.
    assert.ok(sources.every((_, index) => sourcesContent[index]?.length > 0), path);
  }
  assert.ok(maps.length > 20);
  assert.deepEqual(paths.filter((path) => path.endsWith(".map")).sort(), maps.sort());
});

test("publint finds nothing", async () => {
  const said = await run(tool("publint"), ["--strict", tarball]);
  assert.match(said, /All good!/);
});

test("are-the-types-wrong finds nothing, for every way of resolving that knows of exports", async () => {
  const options = ["--profile", "node16", "--no-emoji", "--format", "ascii", "--exclude-entrypoints", "auth101.wasm"];
  const said = await run(tool("attw"), [...options, "--", tarball]);
  assert.match(said, /"auth101-wasm\/client"\s+node16 \(from CJS\): OK \(CJS\)\s+node16 \(from ESM\): OK \(ESM\)\s+bundler: OK/);
});
