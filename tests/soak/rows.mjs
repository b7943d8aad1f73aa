// What must hold over all rows, whatever happened to the database and to the connections.

/** From what must hold to a query that counts the rows that break it. `TRUE` is MySQL's 1 and PostgreSQL's own. */
const COUNTS = {
  "every user has one account":
    "SELECT count(*) AS n FROM users WHERE (SELECT count(*) FROM account WHERE account.user_id = users.id) <> 1",
  "every account has its user": "SELECT count(*) AS n FROM account WHERE user_id NOT IN (SELECT id FROM users)",
  "every session has its user": "SELECT count(*) AS n FROM session WHERE user_id NOT IN (SELECT id FROM users)",
  "no address is taken twice": "SELECT count(*) AS n FROM (SELECT email FROM users GROUP BY email HAVING count(*) > 1) AS twice",
  "no token is given twice": "SELECT count(*) AS n FROM (SELECT token FROM session GROUP BY token HAVING count(*) > 1) AS twice",
};

const OPEN_TRANSACTIONS = {
  postgres: "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
  mariadb: "SELECT count(*) AS n FROM information_schema.innodb_trx",
};

/**
 * @param {(sql: string) => Promise<Record<string, unknown>[]>} rows
 * @param {import("./client.mjs").Client[]} clients none of which is in the middle of a call
 * @returns {Promise<string[]>} what does not hold
 */
export async function brokenInvariants(product, rows, clients) {
  const broken = [];
  const count = async (sql) => Number((await rows(sql))[0].n);
  for (const [what, sql] of Object.entries({ ...COUNTS, "no transaction is left open": OPEN_TRANSACTIONS[product] })) {
    const found = await count(sql);
    if (found > 0) broken.push(`not ${what}: ${found}`);
  }
  const emails = new Set((await rows("SELECT email FROM users")).map(({ email }) => email));
  const sessions = new Set((await rows("SELECT id FROM session")).map(({ id }) => id));
  for (const { credentials, isKnown, ended, tokens } of clients) {
    if (isKnown && !emails.has(credentials.email)) broken.push("a user that was acknowledged is gone");
    if (ended.some((id) => sessions.has(id))) broken.push("a session that was ended is back");
    const sid = tokens && JSON.parse(Buffer.from(tokens.access_token.split(".")[1], "base64url").toString()).sid;
    if (sid !== undefined && !sessions.has(sid)) broken.push("a session that was not ended is gone");
  }
  return broken;
}
