//! The `CREATE` statements of the four tables.

use crate::{
    dialect::Dialect,
    entity::{ColumnKind, Index, TABLES, Table},
};
use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

/// The statements that create every table and index that is not there yet, in order, without semicolons. The schema is
/// the reference's to the letter: column order, types, index names.
#[must_use]
pub fn create_statements(dialect: Dialect) -> Vec<String> {
    TABLES.iter().flat_map(|table| create_table(dialect, table)).collect()
}

/// The same as a file for `wrangler d1 migrations apply` and for any SQL shell.
#[must_use]
pub fn migration(dialect: Dialect) -> String {
    let mut text = String::from(
        "-- The tables of auth101, rendered by `cargo xtask schema`; change crates/auth101-sql/src/entity.rs instead.\n",
    );
    for statement in create_statements(dialect) {
        text.push('\n');
        text.push_str(&statement);
        text.push_str(";\n");
    }
    text
}

fn create_table(dialect: Dialect, table: &Table) -> Vec<String> {
    let quoted_table = dialect.quote(table.name);
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "" } else { " NOT NULL" };
            format!("    {} {}{null}", dialect.quote(column.name), column_type(dialect, column.kind))
        })
        .collect();
    if let Some(key) = table.columns.first() {
        lines.push(format!("    PRIMARY KEY ({})", dialect.quote(key.name)));
    }
    let mut statements = Vec::from([format!("CREATE TABLE IF NOT EXISTS {quoted_table} (\n{}\n)", lines.join(",\n"))]);
    statements.extend(table.indexes().map(|column| {
        let unique = if column.index == Index::Unique { "UNIQUE " } else { "" };
        let name = dialect.quote(&format!("ix_{}_{}", table.name, column.name));
        format!("CREATE {unique}INDEX IF NOT EXISTS {name} ON {quoted_table} ({})", dialect.quote(column.name))
    }));
    statements
}

fn column_type(dialect: Dialect, kind: ColumnKind) -> String {
    match (dialect, kind) {
        (_, ColumnKind::Varchar(length)) => format!("VARCHAR({length})"),
        (_, ColumnKind::Text) => "TEXT".to_owned(),
        (Dialect::Sqlite, ColumnKind::Boolean) => "BOOLEAN".to_string(),
        (Dialect::Sqlite, ColumnKind::Datetime) => "DATETIME".to_string(),
    }
}
