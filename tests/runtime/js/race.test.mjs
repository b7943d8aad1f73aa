// Requests that meet, over every database that Node reaches.

import { after, suite } from "node:test";
import { Auth101 } from "../../../js/dist/esm/entry/server.js";
import { claimRaces } from "../claims/race_tests.mjs";
import { databases, stopServers } from "./databases.mjs";
import { served } from "./served.mjs";

const CONNECTIONS = 10;

after(stopServers);

for (const [name, open] of Object.entries(databases)) {
  suite(`over ${name}`, () =>
    claimRaces(async () => {
      const { database, close } = await open(CONNECTIONS);
      return { ...(await served(Auth101, database)), dispose: close };
    }),
  );
}
