// PostgreSQL and MariaDB for the tests: a server of their own each, started when the first of its databases is asked for.

import { startServer } from "../runtime/js/server.mjs";

const servers = new Map();

/**
 * A new, empty database.
 *
 * @param {"postgres" | "mariadb"} product
 * @returns {Promise<string>} its URL, such as postgresql://postgres@127.0.0.1:5432/auth101_0
 */
export async function newDatabase(product) {
  if (!servers.has(product)) servers.set(product, startServer(product));
  return (await servers.get(product)).database();
}

/** Ends the servers. Their data goes with them. */
export async function stopDatabases() {
  const running = [...servers.values()];
  servers.clear();
  await Promise.all(running.map(async (server) => (await server).stop()));
}

/** The same database in the words of SQLAlchemy, which wants its driver named. */
export function forPython(url) {
  return url.replace(/^postgresql:/, "postgresql+psycopg2:").replace(/^mysql:/, "mysql+pymysql:");
}
