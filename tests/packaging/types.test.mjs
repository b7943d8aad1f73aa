// The types, as the two ways of resolving modules see them, checked without leaving anything out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { project, run, SECRET, tool } from "./project.mjs";

/** Uses every kind of result, and fails to compile where a union would not narrow. */
const PROGRAM = `import { Auth101, ConfigurationError, type Database, type ErrorCode, type User } from "auth101-wasm";
import { sqlite } from "auth101-wasm/sqlite";
import { createClient, memoryStorage, type TokenStorage } from "auth101-wasm/client";

const database: Database = sqlite(":memory:");
const auth = new Auth101({ secret: "${SECRET}", database });

export async function server(request: Request): Promise<Response> {
  const answer = await auth.signIn({ email: "ada@example.com", password: "correct horse" });
  if (answer.error) {
    const code: ErrorCode = answer.error.code;
    // @ts-expect-error: a failure has no user
    answer.user;
    return new Response(code);
  }
  const user: User = answer.user;
  const verified: User | null = await auth.verifyToken(answer.access_token);
  return verified?.id === user.id ? auth.handler(request) : new Response(answer.refresh_token);
}

export async function page(storage: TokenStorage = memoryStorage()): Promise<string> {
  const client = createClient({ baseUrl: "https://example.com/auth", storage });
  const stop: () => void = client.subscribe((session) => session?.user.email);
  const session = await client.getSession();
  if (session.error) {
    switch (session.error.code) {
      case "NETWORK_ERROR":
      case "NOT_SIGNED_IN":
        return "";
      // @ts-expect-error: no such code
      case "NETWORK_EROR":
        return "";
    }
    return session.error.message;
  }
  const token = await client.accessToken();
  // @ts-expect-error: not before it is known to be no failure
  token.access_token.length;
  const response: Response = await client.fetch("https://example.com/api", { method: "POST" });
  stop();
  return session.user.email + response.status;
}

// @ts-expect-error: an option that does not exist
new Auth101({ secret: "", database, secrets: [] });
// @ts-expect-error: an option that does not exist
createClient({ baseUrl: "", url: "" });

export const isMistake = (error: unknown): error is ConfigurationError => error instanceof ConfigurationError;
`;

const options = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
  target: "es2022",
  lib: ["es2022", "dom"],
  types: [],
};

for (const [name, files, compilerOptions] of [
  ["nodenext, as a module", { "main.mts": PROGRAM }, { module: "nodenext", moduleResolution: "nodenext" }],
  ["nodenext, as CommonJS", { "main.cts": PROGRAM }, { module: "nodenext", moduleResolution: "nodenext" }],
  ["bundler", { "main.ts": PROGRAM }, { module: "esnext", moduleResolution: "bundler" }],
  [
    "bundler, for Workers",
    { "main.ts": PROGRAM },
    { module: "esnext", moduleResolution: "bundler", customConditions: ["workerd"] },
  ],
  [
    "bundler, for browsers",
    { "main.ts": PROGRAM },
    { module: "esnext", moduleResolution: "bundler", customConditions: ["browser"] },
  ],
  [
    "as CommonJS that cannot require modules, for tests in a simulated browser",
    { "main.cts": PROGRAM },
    { module: "node18", moduleResolution: "node16", customConditions: ["browser"] },
  ],
]) {
  test(`${name}: the types check`, async () => {
    const tsconfig = JSON.stringify({ compilerOptions: { ...options, ...compilerOptions }, files: Object.keys(files) });
    const directory = await project({ ...files, "tsconfig.json": tsconfig });
    assert.equal(await run(tool("tsc"), ["--project", "."], { cwd: directory }), "");
  });
}

test("every path has types, where the framework that it is for is installed", async () => {
  const frameworks = ["hono", "express", "fastify", "@types/express", "@types/node"];
  const paths = ["", "/sqlite", "/libsql", "/d1", "/pg", "/mysql2", "/hono", "/express", "/fastify", "/node", "/client"];
  const compilerOptions = { ...options, types: ["node"], module: "nodenext", moduleResolution: "nodenext" };
  const directory = await project(
    {
      // The frameworks' own declarations are not ours to judge.
      "tsconfig.json": JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: true }, files: ["main.mts"] }),
      "main.mts": paths
        .map((path, index) => `import * as path${index} from "auth101-wasm${path}";\nexport { path${index} };`)
        .join("\n"),
    },
    { packages: frameworks },
  );
  assert.equal(await run(tool("tsc"), ["--project", "."], { cwd: directory }), "");
});
