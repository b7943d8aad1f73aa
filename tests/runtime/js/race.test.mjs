// Calls that meet, over every database that Node reaches.

import { after, suite, test } from "node:test";
import { Auth101 } from "../../../js/dist/esm/entry/server.js";
import { databases, stopServers } from "./databases.mjs";
import { checkRace, races } from "./races.mjs";

const CONNECTIONS = 10;

after(stopServers);

for (const [name, open] of Object.entries(databases)) {
  suite(`over ${name}`, () => {
    for (const [title, claim] of Object.entries(races)) {
      test(title, async () => {
        const { database, close } = await open(CONNECTIONS);
        try {
          await checkRace(claim, Auth101, database);
        } finally {
          await close();
        }
      });
    }
  });
}
