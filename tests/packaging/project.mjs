// Empty projects, with the package installed from its tarball as npm would bring it.

import { execFile } from "node:child_process";
import { cp, mkdtemp, mkdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const SECRET = "a-secret-of-the-tests-with-more-than-32-bytes";

/** A program of the repository's `node_modules`. */
export const tool = (name) => join(ROOT, "node_modules/.bin", name);
/** The Node of a major version; `cargo xtask test packaging` installs them. */
export const node = (major) => (major === 22 ? process.execPath : join(ROOT, `target/node-${major}/node_modules/.bin/node`));

const home = await realpath(await mkdtemp(join(tmpdir(), "auth101-packaging-")));
after(() => rm(home, { recursive: true }));

/**
 * Runs a program to its end; what it printed. Rejects with all that it said.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 */
export async function run(program, args, { cwd = home, env = {} } = {}) {
  const path = [join(ROOT, "node_modules/.bin"), process.env.PATH].join(delimiter);
  const options = { cwd, env: { ...process.env, PATH: path, NO_COLOR: "1", CI: "1", ...env }, timeout: 240_000 };
  try {
    const { stdout } = await promisify(execFile)(program, args, options);
    return stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")}: ${error.message}\n${error.stdout}\n${error.stderr}`);
  }
}

/** What `npm pack` says of the package: `{ filename, files: [{ path, size }], … }`. */
const [packed] = JSON.parse(
  await run("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", home], { cwd: join(ROOT, "js") }),
);
export const manifest = packed;
export const tarball = join(home, packed.filename);

let installed;

/** The package as npm installs it, without asking any registry: it needs nothing else. */
async function install() {
  const directory = join(home, "installed");
  await mkdir(directory);
  await writeFile(join(directory, "package.json"), "{}");
  const quietly = ["--offline", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", ...quietly, tarball], { cwd: directory });
  return directory;
}

/**
 * Makes a project with the package in its `node_modules`.
 *
 * @param {Record<string, string>} files by name
 * @param {{ packages?: string[] }} [options] packages of the repository that it uses besides
 * @returns {Promise<string>} its directory
 */
export async function project(files, { packages = [] } = {}) {
  installed ??= install();
  const directory = await mkdtemp(join(home, "project-"));
  await cp(await installed, directory, { recursive: true, verbatimSymlinks: true });
  for (const name of packages) {
    const link = join(directory, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, "node_modules", name), link);
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}

/** A program that goes through the life of a session and prints `ok`, given the imports and a driver. */
export function life(imports, database, { options = "" } = {}) {
  return `${imports}

const auth = new Auth101({ secret: "${SECRET}", database: ${database}, ${options} });

async function main() {
  const post = (path, body, headers = {}) =>
    auth.handler(
      new Request("http://localhost/auth" + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
    );
  const expect = (response, status) => {
    if (response.status !== status) throw new Error(response.status + " where " + status + " was expected");
    return response.json();
  };
  const credentials = { email: "ada@example.com", password: "correct horse" };
  await expect(await post("/sign-up/email", credentials), 201);
  const signedIn = await expect(await post("/sign-in/email", credentials), 200);
  const renewed = await expect(await post("/refresh", { refresh_token: signedIn.refresh_token }), 200);
  const authorization = { authorization: "Bearer " + renewed.access_token };
  const session = await expect(
    await auth.handler(new Request("http://localhost/auth/session", { headers: authorization })),
    200,
  );
  if (session.user.email !== credentials.email) throw new Error(JSON.stringify(session));
  await expect(await post("/sign-out", {}, authorization), 200);
  await expect(await post("/revoke", { refresh_token: renewed.refresh_token }), 200);
  const over = await auth.refresh(renewed.refresh_token);
  if (over.error?.code !== "SESSION_NOT_FOUND") throw new Error(JSON.stringify(over));
}
`;
}
