// The service that is soaked, in a process of its own: `service.mjs postgres|mariadb URL`. Prints where it listens as a line of
// JSON; when its input ends, what it reported.

import { createServer } from "node:http";
import mysql from "mysql2/promise";
import postgres from "pg";
import { mysql2 } from "../../js/dist/esm/driver/mysql2.js";
import { pg } from "../../js/dist/esm/driver/pg.js";
import { Auth101 } from "../../js/dist/esm/entry/server.js";
import { routes } from "../../js/dist/esm/integration/node.js";

const [product, url] = process.argv.slice(2);
/** What a host with ten connections sets: none of them may be waited for as long as the system would wait. */
const LIMITS = {
  postgres: { connectionString: url, max: 10, connectionTimeoutMillis: 2_000 },
  mariadb: { uri: url, connectionLimit: 10, connectTimeout: 2_000 },
};
const database = product === "postgres" ? pg(new postgres.Pool(LIMITS.postgres)) : mysql2(mysql.createPool(LIMITS.mariadb));
const reported = {};
const auth = new Auth101({
  secret: "a-secret-of-the-soak-with-more-than-32-bytes",
  database,
  // Long enough for the answers that are lost while the network is away for ten seconds.
  refreshGracePeriod: 30,
  rateLimit: "off",
  // The database is what is tried.
  allowWeakArgon2: true,
  argon2Memory: 64,
  argon2Iterations: 1,
  hashWorkers: 1,
  onEvent: ({ event, fault }) => {
    const name = fault ?? event;
    reported[name] = (reported[name] ?? 0) + 1;
  },
});
await auth.migrate();

const server = createServer(routes(auth)).listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
process.stdin.on("end", () => {
  console.log(JSON.stringify(reported));
  process.exit();
}).resume();
