// Another process on a SQLite file: runs each line that it is given as SQL, and says how that went.

import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";

const file = new DatabaseSync(process.argv[2]);
console.log("open");
for await (const sql of createInterface({ input: process.stdin })) {
  try {
    // A statement that gives rows is left in the middle of them.
    if (sql.startsWith("SELECT")) file.prepare(sql).all();
    else file.exec(sql);
    console.log("done");
  } catch (error) {
    console.log(error.message);
  }
}
