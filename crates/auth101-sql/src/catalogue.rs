//! What a database says of its tables: the ones that the statements would find, and where a new one would be made.

use crate::{
    dialect::Dialect,
    driver::{Outcome, Row, SqlDriver, SqlError, Statement, Value},
    entity::{Column, ColumnKind, Entity, Ownership},
    flag,
};
use alloc::{string::String, vec::Vec};

/// A table as the database has it.
#[derive(Debug)]
pub(crate) struct Table {
    /// The schema that holds it; empty where the dialect has none.
    pub(crate) schema: String,
    /// Its place on the search path: the statements find the lowest.
    place: i64,
    pub(crate) columns: Vec<FoundColumn>,
}

/// A column as the database has it.
#[derive(Debug)]
pub(crate) struct FoundColumn {
    pub(crate) name: String,
    /// Its type in lower case.
    pub(crate) kind: String,
    pub(crate) is_nullable: bool,
    pub(crate) has_default: bool,
    /// The character set of a text; empty where the dialect has none for columns.
    pub(crate) character_set: String,
}

/// A schema that tables may be created in.
#[derive(Debug)]
struct Writable {
    schema: String,
    place: i64,
}

/// What there is under the name of a table.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// The statements find this one, whoever made it.
    Found(Table),
    /// There is none, or only one of another application, which is found after the one that `migrate` makes.
    Missing {
        /// The schema to make it in, where it has to be named.
        create_in: Option<String>,
        /// The schema of the other application's.
        other: Option<String>,
    },
    /// There is one of ours, and the statements find another application's before it.
    Hidden {
        /// The schema of ours.
        ours: String,
        /// The schema of the other.
        by: String,
    },
}

/// Looks a table up in every schema that the statements look through, in their order.
pub(crate) async fn look_up(driver: &impl SqlDriver, dialect: Dialect, entity: &Entity) -> Result<Lookup, SqlError> {
    let mut batch =
        Vec::from([Statement { sql: columns_of(dialect), parameters: Vec::from([Value::Text(entity.name.clone())]) }]);
    if dialect == Dialect::Postgres {
        batch.push(Statement { sql: WRITABLE_SCHEMA, parameters: Vec::new() });
    }
    let outcomes = driver.batch(&batch).await?;
    let rows = |outcome: Option<&Outcome>| outcome.map(|outcome| outcome.rows.clone()).unwrap_or_default();
    let writable =
        rows(outcomes.get(1)).first().map(|row| Writable { schema: text(row, "schema_name"), place: place(row) });
    Ok(judge(entity, tables(&rows(outcomes.first())), writable))
}

/// A table is ours where it has every column that the statements name, whatever else it has.
fn judge(entity: &Entity, tables: Vec<Table>, writable: Option<Writable>) -> Lookup {
    let is_ours = |table: &Table| entity.columns().all(|(_, name)| table.column(name).is_some());
    let ours = tables.iter().find(|table| is_ours(table)).map(|table| table.schema.clone());
    let Some(first) = tables.into_iter().next() else {
        return Lookup::Missing { create_in: writable.map(|writable| writable.schema), other: None };
    };
    let is_made_by_us = entity.ownership == Ownership::Managed;
    match (ours, writable) {
        (Some(ours), _) if ours != first.schema && is_made_by_us => Lookup::Hidden { ours, by: first.schema },
        (None, Some(writable)) if writable.place < first.place && is_made_by_us => {
            Lookup::Missing { create_in: Some(writable.schema), other: Some(first.schema) }
        }
        _ => Lookup::Found(first),
    }
}

/// The rows of [`columns_of`], table by table.
fn tables(rows: &[Row]) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for row in rows {
        let schema = text(row, "schema_name");
        let column = FoundColumn::of(row);
        match tables.last_mut() {
            Some(table) if table.schema == schema => table.columns.push(column),
            _ => tables.push(Table { schema, place: place(row), columns: Vec::from([column]) }),
        }
    }
    tables
}

impl Table {
    /// The column of that name; databases compare names without regard to case.
    pub(crate) fn column(&self, name: &str) -> Option<&FoundColumn> {
        self.columns.iter().find(|found| found.name.eq_ignore_ascii_case(name))
    }
}

impl FoundColumn {
    fn of(row: &Row) -> Self {
        Self {
            name: text(row, "column_name"),
            kind: text(row, "column_type").to_lowercase(),
            is_nullable: is(row, "may_be_null"),
            has_default: is(row, "has_default"),
            character_set: text(row, "character_set"),
        }
    }

    /// The length in a type such as `varchar(36)`.
    pub(crate) fn length(&self) -> Option<u32> {
        let (_, length) = self.kind.split_once('(')?;
        length.trim_end_matches(')').parse().ok()
    }

    /// Whether a text comes back with spaces after it, so that no comparison with what was written succeeds.
    pub(crate) fn is_padded(&self, dialect: Dialect) -> bool {
        dialect == Dialect::Postgres
            && (self.kind == "bpchar" || self.kind == "character" || self.kind.starts_with("character("))
    }

    /// Whether a MySQL column takes every character. Others take the first 65,536 (`utf8mb3`) or fewer.
    pub(crate) fn takes_every_character(&self) -> bool {
        ["", "utf8mb4", "utf16", "utf16le", "utf32", "gb18030"].contains(&self.character_set.as_str())
    }

    /// Whether it holds points in time.
    pub(crate) fn is_time(&self) -> bool {
        ["date", "timestamp"].iter().any(|word| self.kind.contains(word))
    }

    /// Whether it can hold what the schema has in a column.
    pub(crate) fn holds(&self, dialect: Dialect, column: &Column) -> bool {
        let is = |words: &[&str]| words.iter().any(|word| self.kind.contains(word));
        match column.kind {
            ColumnKind::Varchar(_) | ColumnKind::Text => is(&["char", "text", "clob"]),
            // Whatever the type of a flag, SQLite keeps what it is given.
            ColumnKind::Boolean => {
                dialect == Dialect::Sqlite
                    || is(&["bool", "int", "bit", "numeric", "decimal", "char", "text"])
                    || flag::takes_dates(column.name) && self.is_time()
            }
            ColumnKind::Datetime => self.is_time() || dialect == Dialect::Sqlite && is(&["text", "char"]),
        }
    }
}

/// A text of a row; empty where it is NULL or missing.
pub(crate) fn text(row: &Row, name: &str) -> String {
    match row.get(name) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

/// A boolean of a row, or the number that stands for one.
pub(crate) fn is(row: &Row, name: &str) -> bool {
    match row.get(name) {
        Some(Value::Boolean(value)) => *value,
        Some(Value::Integer(number)) => *number != 0,
        _ => false,
    }
}

fn place(row: &Row) -> i64 {
    match row.get("place") {
        Some(Value::Integer(place)) => *place,
        _ => 0,
    }
}

/// The first schema of the search path that tables may be created in.
const WRITABLE_SCHEMA: &str = "SELECT s.name AS schema_name, s.place AS place FROM (SELECT CAST(n.nspname AS TEXT) AS name, \
    array_position(current_schemas(true), n.nspname) AS place FROM pg_catalog.pg_namespace n \
    WHERE n.nspname = ANY (current_schemas(false)) AND has_schema_privilege(n.oid, 'CREATE')) AS s \
    ORDER BY s.place LIMIT 1";

/// The columns of every table of a name that the statements could find, in the order in which they would.
const fn columns_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT name AS column_name, type AS column_type, \
             CASE WHEN \"notnull\" = 1 OR pk > 0 THEN 0 ELSE 1 END AS may_be_null, \
             CASE WHEN upper(coalesce(dflt_value, 'NULL')) = 'NULL' THEN 0 ELSE 1 END AS has_default \
             FROM pragma_table_info(?)"
        }
        Dialect::Postgres => {
            "SELECT CAST(n.nspname AS TEXT) AS schema_name, \
             array_position(current_schemas(true), n.nspname) AS place, \
             CAST(a.attname AS TEXT) AS column_name, format_type(a.atttypid, a.atttypmod) AS column_type, \
             NOT a.attnotnull AS may_be_null, (a.atthasdef OR a.attidentity <> '') AS has_default \
             FROM pg_catalog.pg_class c INNER JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             INNER JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
             WHERE c.relname = CAST($1 AS TEXT) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
             AND n.nspname = ANY (current_schemas(true)) AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY array_position(current_schemas(true), n.nspname), a.attnum"
        }
        // MariaDB writes the default of a column without one as the word.
        Dialect::MySql => {
            "SELECT CAST(COLUMN_NAME AS CHAR) AS column_name, CAST(COLUMN_TYPE AS CHAR) AS column_type, \
             IS_NULLABLE = 'YES' AS may_be_null, \
             (COALESCE(COLUMN_DEFAULT, 'NULL') <> 'NULL' OR EXTRA LIKE '%auto_increment%') AS has_default, \
             CAST(CHARACTER_SET_NAME AS CHAR) AS character_set \
             FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? \
             ORDER BY ORDINAL_POSITION"
        }
    }
}
