// The conversations of tests/wire as tests of a runtime.

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { only, replay } from "./wire.mjs";

const ROOT = new URL("../../", import.meta.url);
const DIRECTORY = new URL("tests/wire/", ROOT);

const read = async (file) => JSON.parse(await readFile(file, "utf8"));
const names = (await readdir(DIRECTORY)).filter((name) => name.endsWith(".json")).sort();
const named = async (name) => ({ file: name.slice(0, -5), content: await read(new URL(name, DIRECTORY)) });
const groups = Map.groupBy(await Promise.all(names.map(named)), ({ content }) => JSON.stringify(content.options));

/** The options of the files, each once. */
export const CONFIGURATIONS = [...groups.keys()].map((options) => JSON.parse(options));

/** Entity options by what they mean. Every conversation is held under each. */
export const NAMINGS = {
  "the names by default": {},
  "other names for every table and column": await read(new URL("names/other.json", DIRECTORY)),
};

/**
 * Declares one test a conversation. Files with the same options share a subject.
 *
 * @param {object} names entity options, one of {@link NAMINGS}
 * @param {(options: object, index: number) => Promise<object>} start given options, and their place in
 *   {@link CONFIGURATIONS}, resolves to a subject of wire.mjs, with `dispose` where it must be ended
 */
export function replayAll(names, start) {
  for (const [index, group] of [...groups.values()].entries()) {
    const { options } = group[0].content;
    describe(group.map(({ file }) => file).join(", "), () => {
      let subject;
      before(async () => (subject = await start({ ...options, ...names }, index)));
      after(() => subject?.dispose?.());
      for (const { file, content } of group) {
        only(["about", "options", "before", "cases"], content, file);
        for (const conversation of content.cases) {
          const what = `${file}: ${conversation.name}`;
          only(["name", "steps"], conversation, what);
          test(what, () => replay({ secret: options.secret, names, opening: content.before, ...conversation }, subject));
        }
      }
    });
  }
}

/** The SQL that makes the tables under these names, as an operator gets it. */
export async function printSchema(dialect, names) {
  const directory = await mkdtemp(join(tmpdir(), "auth101-"));
  try {
    const file = join(directory, "names.json");
    await writeFile(file, JSON.stringify(names));
    const chore = ["schema", "--config", file, "--dialect", dialect, "--all"];
    // Where the chores run this test, they say where they are: cargo would wait for whatever it builds meanwhile.
    const { AUTH101_XTASK, CARGO = "cargo" } = process.env;
    const [program, ...words] = AUTH101_XTASK ? [AUTH101_XTASK] : [CARGO, "xtask"];
    return (await promisify(execFile)(program, [...words, ...chore], { cwd: ROOT })).stdout;
  } finally {
    await rm(directory, { recursive: true });
  }
}
