// The package in a browser, as Vite and esbuild bundle it: the client, and the service itself, whose WebAssembly then runs
// in the page, for the tests of an application that has no server.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import { test } from "node:test";
import { startChromium } from "../runtime/page/chromium.mjs";
import { life, project, run, tool } from "./project.mjs";

const HTML = '<!doctype html><title>working</title><script type="module" src="./main.js"></script>';
/** A driver of the page's own: the statements go to the server, which has SQLite. */
const DATABASE = `{
  dialect: "sqlite",
  createsTables: true,
  batch: async (statements, { begin }) => {
    const response = await fetch("/sql", { method: "POST", body: JSON.stringify({ statements, transaction: { begin } }) });
    return response.json();
  },
}`;
const IMPORTS = `import { Auth101 } from "auth101-wasm";
import { createClient, webStorage } from "auth101-wasm/client";`;
const MAIN = `${life(IMPORTS, DATABASE)}
async function client() {
  const client = createClient({
    baseUrl: "/auth",
    storage: webStorage(localStorage),
    fetch: (input, init) => auth.handler(new Request(input, init)),
  });
  const heard = [];
  client.subscribe((session) => heard.push(session && session.user.email));
  const answer = await client.signIn({ email: "ada@example.com", password: "correct horse" });
  if (answer.error) throw new Error(answer.error.message);
  const session = await client.getSession();
  if (session.user.email !== "ada@example.com") throw new Error(JSON.stringify(session));
  if (!localStorage.getItem("auth101")) throw new Error("nothing is stored");
  await client.signOut();
  if (localStorage.getItem("auth101")) throw new Error("something is stored");
  if (heard.at(-1) !== null || !heard.includes("ada@example.com")) throw new Error(JSON.stringify(heard));
}
main().then(client).then(() => { document.title = "ok"; }, (error) => { document.title = String(error.stack ?? error); });
`;

const BUNDLERS = {
  Vite: { program: "vite", args: ["build", "--logLevel", "warn"], output: "dist" },
  esbuild: { program: "esbuild", args: ["main.js", "--bundle", "--format=esm", "--minify", "--outdir=dist"], output: "dist" },
};

for (const [name, { program, args, output }] of Object.entries(BUNDLERS)) {
  test(`${name} bundles the client and the service, and both work in Chromium`, async (t) => {
    const directory = await project({ "index.html": HTML, "main.js": MAIN });
    await run(tool(program), args, { cwd: directory });
    // esbuild leaves the page alone.
    const html = name === "Vite" ? join(directory, output, "index.html") : join(directory, "index.html");
    const origin = await serve(t, directory, { html, files: join(directory, output) });
    const browser = await startChromium(t);
    const page = await browser.newPage();
    page.on("pageerror", (error) => assert.fail(error));
    await page.goto(origin);
    await page.waitForFunction(() => document.title !== "working");
    assert.equal(await page.title(), "ok");
  });
}

/** Serves a page, its files, and SQLite as a project has it by the package. */
async function serve(t, directory, { html, files }) {
  const { sqlite } = await import(join(directory, "node_modules/auth101-wasm/dist/esm/driver/sqlite.js"));
  const database = sqlite(":memory:");
  const server = createServer(async (request, response) => {
    if (request.url === "/sql") {
      let text = "";
      for await (const chunk of request) text += chunk;
      const { statements, transaction } = JSON.parse(text);
      response.setHeader("content-type", "application/json").end(JSON.stringify(database.batch(statements, transaction)));
    } else if (request.url === "/") {
      response.setHeader("content-type", "text/html").end(await readFile(html));
    } else {
      const script = await readFile(join(files, normalize(request.url))).catch(() => undefined);
      response.statusCode = script ? 200 : 404;
      response.setHeader("content-type", "text/javascript").end(script);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${server.address().port}/`;
}
