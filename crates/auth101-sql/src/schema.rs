//! The `CREATE` statements of the four tables.

use crate::{
    dialect::Dialect,
    entity::{ColumnKind, Entities, Entity, Index, Ownership},
};
use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

/// The statements that create every table and index of ours that is not there yet, in order, without semicolons: what
/// a migration runs. Tables that the host customised or brought are the host's to create. The schema is the reference's
/// to the letter: column order, types, index names.
#[must_use]
pub fn create_statements(dialect: Dialect, entities: &Entities) -> Vec<String> {
    let ours = entities.iter().filter(|entity| entity.ownership == Ownership::Managed);
    ours.flat_map(|entity| create_table(dialect, entity, None)).collect()
}

/// The same for every table, whoever's it is: a starting point for a host who customises them.
#[must_use]
pub fn create_all_statements(dialect: Dialect, entities: &Entities) -> Vec<String> {
    entities.iter().flat_map(|entity| create_table(dialect, entity, None)).collect()
}

/// Statements as a file for `wrangler d1 migrations apply` and for any SQL shell.
#[must_use]
pub fn script(statements: &[String]) -> String {
    let mut text = String::from("-- The tables of auth101, rendered by `cargo xtask schema`.\n");
    for statement in statements {
        text.push('\n');
        text.push_str(statement);
        text.push_str(";\n");
    }
    text
}

/// The statements that create a table and its indexes where they are missing: in a schema, or in the one that the
/// database chooses.
pub(crate) fn create_table(dialect: Dialect, entity: &Entity, schema: Option<&str>) -> Vec<String> {
    let table = table_name(dialect, entity, schema);
    let mut lines: Vec<String> = entity
        .columns()
        .map(|(column, name)| {
            let null = if column.nullable { "" } else { " NOT NULL" };
            format!("{} {}{null}", dialect.quote(name), column_type(dialect, column.kind))
        })
        .collect();
    if let Some((_, key)) = entity.columns().next() {
        lines.push(format!("PRIMARY KEY ({})", dialect.quote(key)));
    }
    let create = |lines: &[String]| format!("CREATE TABLE IF NOT EXISTS {table} (\n    {}\n)", lines.join(",\n    "));
    match dialect {
        // MySQL knows no CREATE INDEX IF NOT EXISTS.
        Dialect::MySql => {
            lines.extend(entity.indexes().map(|(column, name)| {
                let unique = if column.index == Index::Unique { "UNIQUE " } else { "" };
                format!("{unique}INDEX {} ({})", dialect.quote(&entity.index_name(name)), dialect.quote(name))
            }));
            Vec::from([create(&lines)])
        }
        Dialect::Sqlite | Dialect::Postgres => {
            let mut statements = Vec::from([create(&lines)]);
            statements.extend(entity.indexes().map(|(column, name)| {
                create_index(dialect, entity, name, column.index == Index::Unique, " IF NOT EXISTS", schema)
            }));
            statements
        }
    }
}

/// The name of a table, with its schema where one is given.
fn table_name(dialect: Dialect, entity: &Entity, schema: Option<&str>) -> String {
    let table = dialect.quote(&entity.name);
    schema.map_or_else(|| table.clone(), |schema| format!("{}.{table}", dialect.quote(schema)))
}

/// The statement that adds an index.
pub(crate) fn create_index(
    dialect: Dialect,
    entity: &Entity,
    column: &str,
    unique: bool,
    guard: &str,
    schema: Option<&str>,
) -> String {
    let unique = if unique { "UNIQUE " } else { "" };
    let name = dialect.quote(&entity.index_name(column));
    let table = table_name(dialect, entity, schema);
    format!("CREATE {unique}INDEX{guard} {name} ON {table} ({})", dialect.quote(column))
}

/// The type of a column as the schema declares it.
pub(crate) fn column_type(dialect: Dialect, kind: ColumnKind) -> String {
    match (dialect, kind) {
        (_, ColumnKind::Varchar(length)) => format!("VARCHAR({length})"),
        (_, ColumnKind::Text) => "TEXT".to_owned(),
        (Dialect::MySql, ColumnKind::Boolean) => "BOOL".to_string(),
        (_, ColumnKind::Boolean) => "BOOLEAN".to_string(),
        (Dialect::Postgres, ColumnKind::Datetime) => "TIMESTAMP WITHOUT TIME ZONE".to_string(),
        (_, ColumnKind::Datetime) => "DATETIME".to_string(),
    }
}
