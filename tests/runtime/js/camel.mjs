// The canonical names of options, as this package writes them.

const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** Options by their canonical names, as the constructor takes them: the names in entity options are translated too. */
export function camelCase(options) {
  const translate = (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [camel(name), translate(inner)]))
      : value;
  return translate(options);
}
