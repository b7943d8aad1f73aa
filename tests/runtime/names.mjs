// The statements of tests/wire, which use canonical names, in the words of a database with names of its own. The other
// engine's is crates/auth101-testkit/src/wire/names.rs.

/**
 * @param {Record<string, { model_name: string, fields: Record<string, string> }>} entities the entity options, such as
 *   tests/wire/names/other.json
 * @returns {(statement: string) => string} a translation into SQLite; what is selected keeps its canonical name
 */
export function translator(entities) {
  const options = Object.entries(entities);
  const tables = Object.fromEntries(options.map(([option, entity]) => [option === "user" ? "users" : option, entity]));
  const named = (token) => (Object.hasOwn(tables, token) ? tables[token] : undefined);
  const column = (table, token) => (Object.hasOwn(table?.fields ?? {}, token) ? quote(table.fields[token]) : undefined);

  return (statement) => {
    // Texts in quotes, words with the table before them, blanks, and single characters between.
    const tokens = statement.match(/'[^']*'|(?:\w+\.)?\w+|\s+|./gs) ?? [];
    const mentioned = tokens.map(named).filter(Boolean);
    const words = tokens.filter((token) => token.trim() !== "");
    let at = -1;
    return tokens
      .map((token) => {
        if (token.trim() === "") return token;
        at++;
        if (named(token)) return quote(named(token).model_name);
        const [table, field] = token.includes(".") ? token.split(".") : [undefined, token];
        const name = table
          ? named(table) && column(named(table), field)
          : mentioned.map((mention) => column(mention, field)).find(Boolean);
        if (!name) return token;
        const whole = table ? `${quote(named(table).model_name)}.${name}` : name;
        return isItem(words, at) ? `${whole} AS ${quote(field)}` : whole;
      })
      .join("");
  };
}

/** Whether the word is all of an item between SELECT and FROM. */
function isItem(words, at) {
  const isSelected = words[0] === "SELECT" && !words.slice(0, at).includes("FROM");
  return isSelected && ["SELECT", ","].includes(words[at - 1]) && ["FROM", ","].includes(words[at + 1]);
}

function quote(name) {
  return `"${name}"`;
}
