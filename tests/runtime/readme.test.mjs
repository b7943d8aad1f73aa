// The documentation tells the truth: its transcripts are run against `cargo xtask dev`, `cargo xtask dev spin` and the npm
// package, its options are those of the code, and the links of all pages lead somewhere.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { serveDev } from "./dev.mjs";

const ROOT = new URL("../../", import.meta.url);
const read = (path) => readFile(new URL(path, ROOT), "utf8");

const cargo = process.env.CARGO ?? "cargo";

const ADDRESS = "ada@example.com";
const ORIGIN = "http://127.0.0.1:8787";
const SPIN_ORIGIN = "http://127.0.0.1:3000";

/** What a placeholder stands for: `<user id>`, or `<…token>`. */
const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const TOKEN = String.raw`[\w-]+\.[\w-]+\.[\w-]+`;

test("`cargo xtask dev` answers what the transcripts of the README and of the routes say", async (t) => {
  const transcript = await readTranscript("docs/routes.md", "transcript");
  const paths = new Set(transcript.map(({ command }) => /8787\/auth(\/[\w/-]+)/.exec(command)[1]));
  assert.deepEqual([...paths].sort(), [
    "/refresh",
    "/revoke",
    "/session",
    "/sign-in/email",
    "/sign-out",
    "/sign-up/email",
  ]);

  const origin = await serveDev(t);
  await replay(await readTranscript("README.md", "transcript"), ORIGIN, origin);
  const values = await replay(transcript, ORIGIN, origin);
  const refreshTokens = [...values].filter(([name]) => name.endsWith("refresh token"));
  assert.equal(refreshTokens.length, 3);
  assert.equal(new Set(refreshTokens.map(([, value]) => value)).size, 3, "each of the three is another one");
});

test("`cargo xtask dev spin` answers what the transcript of the README says", async (t) => {
  const transcript = await readTranscript("README.md", "spin-transcript");
  await replay(transcript, SPIN_ORIGIN, await serveDev(t, "spin"));
});

test("the program of the README prints what stands below it", async (t) => {
  const [, program, output] = /^```js npm-transcript\n(.*?)^```\n+```text npm-transcript\n(.*?)^```$/ms.exec(
    await read("README.md"),
  );
  const folder = await mkdtemp(join(tmpdir(), "auth101-readme-"));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "node_modules"));
  await symlink(fileURLToPath(new URL("js", ROOT)), join(folder, "node_modules/auth101-wasm"));
  await writeFile(join(folder, "ada.mjs"), program);
  const printed = await promisify(execFile)(process.execPath, ["ada.mjs"], {
    cwd: folder,
    env: { ...process.env, AUTH_SECRET: "0123456789abcdef0123456789abcdef", NODE_NO_WARNINGS: "1" },
    timeout: 60_000,
  });
  assert.deepEqual(printed, { stdout: output, stderr: "" });
});

test("the README is short, and each way in has fewer than ten lines to type", async () => {
  const readme = await read("README.md");
  assert.ok(readme.split("\n").length <= 171, "the README has more than 170 lines");
  const ways = /^## Three ways in$(.*?)^## /ms.exec(readme)[1].split(/^### /m).slice(1);
  assert.equal(ways.length, 3);
  for (const way of ways) {
    const lines = [...way.matchAll(/^```(?:sh|js).*?\n(.*?)^```$/gms)].flatMap(([, code]) => code.trim().split("\n"));
    assert.ok(lines.length > 0 && lines.length < 10, `${way.split("\n")[0]}: ${lines.length} lines`);
  }
});

test("the options are those of the code, in docs/configuration.md, wrangler.toml and the npm package", async () => {
  const code = await read("crates/auth101-core/src/config/option.rs");
  const options = [...code.matchAll(/^    \("(\w+)", \|/gm)].map(([, name]) => name);
  assert.ok(options.includes("secret") && options.length >= 20, "the table of options has another form");
  const variables = options.map((name) => `AUTH_${name.toUpperCase()}`);

  const configuration = await read("docs/configuration.md");
  const rows = [...configuration.matchAll(/^\| `(\w+)` \| `(AUTH_\w+)` \| (.+?) \|/gm)];
  assert.deepEqual(rows.map(([, option]) => option), options);
  assert.deepEqual(rows.map(([, , variable]) => variable), variables);

  const sorted = (names) => [...new Set(names)].sort();
  const wrangler = await read("wrangler.toml");
  assert.deepEqual(sorted(wrangler.match(/\bAUTH_\w+/g)), sorted(variables));
  const headings = configuration.match(/^### `.+$/gm).flatMap((heading) => heading.match(/(?<=`)\w+(?=`)/g));
  assert.deepEqual(sorted(headings), sorted(options));

  // The npm package calls them as JavaScript does.
  const camelCase = (option) => option.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase());
  const table = /^## Options\n([^]+?)^## /m.exec(await read("js/README.md"))[1];
  const cells = [...table.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, cell]) => cell.match(/(?<=`)\w+(?=`)/g));
  const members = [...(await read("js/src/options.ts")).matchAll(/^  readonly (\w+)\??:/gm)].map(([, name]) => name);
  for (const option of options.map(camelCase)) {
    assert.ok(cells.includes(option), `js/README.md lacks ${option}`);
    assert.ok(members.includes(option), `js/src/options.ts lacks ${option}`);
  }

  // wrangler.toml shows defaults in comments, and examples where there is no default.
  const defaults = new Map(rows.map(([, , variable, value]) => [variable, value.replaceAll("`", "")]));
  for (const [, variable, shown] of wrangler.matchAll(/^# (AUTH_\w+) = (.+)$/gm)) {
    if (!["none", "[]"].includes(defaults.get(variable))) {
      assert.equal(defaults.get(variable), shown, variable);
    }
  }
});

test("every relative link leads to a file, and to a heading in it", async () => {
  for (const page of await pages()) {
    for (const [, link] of withoutCode(await read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [path, heading] = link.split("#");
      const target = path === "" ? new URL(page, ROOT) : new URL(path, new URL(page, ROOT));
      assert.ok(existsSync(target), `${page}: ${link} leads nowhere`);
      if (heading !== undefined) {
        const headings = withoutCode(await readFile(target, "utf8")).match(/^#+ .+$/gm).map(anchor);
        assert.ok(headings.includes(heading), `${page}: ${link} has no such heading`);
      }
    }
  }
});

test("every chore that a page names is there", async () => {
  const listed = await promisify(execFile)(cargo, ["xtask"], { cwd: fileURLToPath(ROOT) });
  const chores = new Set([...listed.stdout.matchAll(/^ +cargo xtask (\w+)/gm)].map(([, chore]) => chore));
  for (const page of await pages()) {
    for (const [, chore] of (await read(page)).matchAll(/cargo xtask ([a-z]+)/g)) {
      assert.ok(chores.has(chore), `${page} names \`cargo xtask ${chore}\`, but there is no such chore`);
    }
  }
});

/** Every page of prose that git knows or would take. */
async function pages() {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
  const { stdout } = await promisify(execFile)("git", list, { cwd: fileURLToPath(ROOT) });
  return stdout.trim().split("\n").filter((page) => existsSync(new URL(page, ROOT)));
}

/** The blocks of a page that are marked so: a command in `sh`, then what it prints in `text`. */
async function readTranscript(page, mark) {
  const blocks = [...(await read(page)).matchAll(new RegExp(`^\`\`\`(\\w+) ${mark}\\n(.*?)^\`\`\`$`, "gms"))];
  const transcript = [];
  for (let index = 0; index < blocks.length; index += 2) {
    const [[, first, command], [, second, output]] = blocks.slice(index, index + 2);
    assert.deepEqual([first, second], ["sh", "text"], `a command and its output alternate: ${command}`);
    transcript.push({ command, output });
  }
  assert.notEqual(transcript.length, 0);
  return transcript;
}

/** Runs a transcript against another origin than it is printed with, and compares; what the placeholders stood for. */
async function replay(transcript, printed, origin) {
  // The local database may have served before: an address of this run's own.
  const address = `ada-${randomUUID()}@example.com`;
  const outputs = await run(
    transcript.map(({ command }) => command.replaceAll(printed, origin).replaceAll(ADDRESS, address)),
  );
  const values = new Map();
  for (const [index, { command, output }] of transcript.entries()) {
    compare(output.replaceAll(ADDRESS, address), outputs[index], values, command);
  }
  return values;
}

/** Runs the commands in one shell, for they share variables; what each printed. */
async function run(commands) {
  const boundary = `--${randomUUID()}--`;
  const script = commands.map((command) => `${command}\necho '${boundary}'\n`).join("");
  const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script], { timeout: 60_000 });
  assert.equal(stderr, "");
  return stdout.split(`${boundary}\n`).slice(0, -1);
}

/** Compares an output with the printed one. A placeholder stands for one value wherever it occurs. */
function compare(expected, actual, values, command) {
  const names = [];
  const pattern = expected
    .split(/<([a-z ]+)>/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      names.push(part);
      return `(${part.endsWith("token") ? TOKEN : UUID})`;
    })
    .join("");
  const match = new RegExp(`^${pattern}$`).exec(actual);
  assert.ok(match, `${command}\nexpected: ${expected}\nprinted:  ${actual}`);
  for (const [index, name] of names.entries()) {
    const value = match[index + 1];
    assert.equal(values.get(name) ?? value, value, `${command}\n<${name}> is another one than before`);
    values.set(name, value);
  }
}

function withoutCode(markdown) {
  return markdown.replace(/^```.*?^```$/gms, "");
}

/** The anchor that GitHub gives a heading. */
function anchor(heading) {
  return heading
    .replace(/^#+ /, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
