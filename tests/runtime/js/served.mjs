// The service over a database as the claims of ../claims take it, in any runtime.

/** Options with the cheapest hash there is: none of these tests is about hashing. */
export function optionsOver(database) {
  return {
    secret: "a-secret-of-the-tests-with-more-than-32-bytes",
    database,
    hashWorkers: 0,
    allowWeakArgon2: true,
    argon2Memory: 8,
    argon2Iterations: 1,
  };
}

/**
 * @param {new (options: object) => object} Auth101 the class of this runtime
 * @param {import("../../../js/src/driver/database.js").Database} database empty
 */
export async function served(Auth101, database) {
  const auth = new Auth101(optionsOver(database));
  await auth.migrate();
  return {
    fetch: (path, init) => auth.handler(new Request(`http://host${path}`, init)),
    sql: async (sql) => (await database.batch([{ sql, params: [] }], { begin: ["BEGIN"] }))[0].rows,
  };
}
