// The statements of tests, which name tables and columns through the configuration: `{session}`, `{session.token}`.

/**
 * The statement for a database whose names are configured so: `{users.email}` becomes the name of that column, without
 * its table. A name that is not configured is the canonical one.
 *
 * @param {string} statement
 * @param {Record<string, { model_name?: string, fields?: Record<string, string> }>} entities the entity options, such as
 *   tests/wire/names/other.json
 */
export function withNames(statement, entities) {
  return statement.replaceAll(/(?<!\$)\{(\w+)(?:\.(\w+))?\}/g, (_, table, column) => {
    const { model_name, fields = {} } = entities[table === "users" ? "user" : table] ?? {};
    return `"${(column ? fields[column] : model_name) ?? column ?? table}"`;
  });
}

/** The values of a statement for SQLite and D1, which take no booleans. */
export const boundToSqlite = (values) => values.map((value) => (typeof value === "boolean" ? Number(value) : value));
