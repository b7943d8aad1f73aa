//! The tables are the reference's to the letter: `schema.json` is what the Python package itself creates.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use auth101_sql::{Dialect, Entities, schema};
use serde_json::{Value, json};

const REFERENCE: &str = include_str!("../../../tests/vectors/schema.json");

/// Takes the statements apart into what `make_schema.py` wrote of the package's.
fn described(dialect: Dialect) -> Value {
    let mut tables = serde_json::Map::new();
    for statement in schema::create_statements(dialect, &Entities::default()) {
        let text = statement.replace(['"', '`'], "");
        if let Some(rest) = text.strip_prefix("CREATE TABLE IF NOT EXISTS ") {
            let (table, body) = rest.split_once(" (\n").unwrap();
            let (mut columns, mut indexes, mut key) = (Vec::new(), Vec::new(), Value::Null);
            for line in body.trim_end_matches("\n)").lines().map(|line| line.trim().trim_end_matches(',')) {
                let (first, rest) = line.split_once(' ').unwrap();
                match first {
                    "PRIMARY" => key = json!(rest.trim_start_matches("KEY (").trim_end_matches(')')),
                    "INDEX" => indexes.push(index(rest, false)),
                    "UNIQUE" => indexes.push(index(rest.trim_start_matches("INDEX "), true)),
                    column => {
                        let kind = rest.trim_end_matches(" NOT NULL");
                        columns.push(json!([column, kind, kind == rest]));
                    }
                }
            }
            tables.insert(table.to_owned(), json!({"columns": columns, "key": key, "indexes": indexes}));
        } else {
            let unique = text.starts_with("CREATE UNIQUE");
            let (_, rest) = text.split_once("INDEX IF NOT EXISTS ").unwrap();
            let (name, rest) = rest.split_once(" ON ").unwrap();
            let (table, column) = rest.split_once(' ').unwrap();
            let indexes = tables.get_mut(table).unwrap().get_mut("indexes").unwrap();
            indexes.as_array_mut().unwrap().push(index(&format!("{name} {column}"), unique));
        }
    }
    for table in tables.values_mut() {
        let indexes = table.get_mut("indexes").unwrap().as_array_mut().unwrap();
        indexes.sort_by_key(|index| index.to_string());
    }
    Value::Object(tables)
}

fn index(text: &str, unique: bool) -> Value {
    let (name, column) = text.split_once(' ').unwrap();
    json!([name, unique, column.trim_matches(['(', ')'])])
}

#[test]
fn every_dialect_has_the_tables_that_the_python_package_creates() {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    for dialect in Dialect::ALL {
        assert_eq!(described(dialect), reference[dialect.name()], "{}", dialect.name());
    }
}
