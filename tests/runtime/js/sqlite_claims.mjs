// The suites and the races over the SQLite that a runtime has built in. Prints which claims hold, as JSON.

import { sqlite } from "../../../js/dist/esm/driver/sqlite.js";
import { Auth101 } from "../../../js/dist/esm/entry/server.js";
import { races } from "../claims/races.mjs";
import { READS_UP_TO_NUL, runClaims } from "./load_suite.mjs";
import { served } from "./served.mjs";

const except = "Bun" in globalThis ? undefined : READS_UP_TO_NUL;
const held = { driver: [], store: [], races: [] };
for (const name of ["driver", "store"]) held[name] = await over((database) => runClaims(name, database, except));
for (const [title, claim] of Object.entries(races)) {
  await over(async (database) => claim(await served(Auth101, database)));
  held.races.push(title);
}
console.log(JSON.stringify(held));

async function over(check) {
  const database = sqlite(":memory:");
  try {
    return await check(database);
  } finally {
    database.close();
  }
}
