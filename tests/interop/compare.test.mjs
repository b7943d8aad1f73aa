// The comparison that docs/migrating-from-python.md recommends finds nothing wrong with what the package has made, and sees
// what is missing.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { forPython, newDatabase, stopDatabases } from "./databases.mjs";
import { block, newCheckout, runBlock } from "./page.mjs";
import { DJANGO_TABLES, startPython } from "./python.mjs";

after(stopDatabases);

/** What is in options.json. The page shows the last. */
const CONFIGURATIONS = [
  ["Flask", "the usual names", {}],
  ["Django", "Django's names", DJANGO_TABLES],
  ["Flask", "the page's names", JSON.parse(block("json options"))],
];

for (const dialect of ["sqlite", "postgres", "mariadb"]) {
  for (const [framework, which, names] of CONFIGURATIONS) {
    test(`the tables that ${framework} has on ${dialect} under ${which} are what the configuration asks for`, async () => {
      const directory = await newCheckout(`compare-${dialect}`);
      const file = path.join(directory, "app.db");
      const url = dialect === "sqlite" ? `sqlite:${file}` : await newDatabase(dialect);
      const database = dialect === "sqlite" ? `sqlite:///${file}` : forPython(url);
      // As printed, but for the address of the database.
      await writeFile(path.join(directory, "options.json"), JSON.stringify(names));
      const compare = () => runBlock("compare", directory, { "postgresql://user@host/name": url });

      const options = framework === "Django" ? {} : names;
      const python = await startPython(framework, { database, secret: "nobody-signs-in-here", options });
      try {
        await compare();
        await python.sql("DROP TABLE {session}");
        await assert.rejects(compare(), ({ stdout }) => /session/.test(stdout));
      } finally {
        await python.stop();
      }
    });
  }
}
