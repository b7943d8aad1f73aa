//! What a database lacks of the schema, said exactly, with the statement that mends it.
//!
//! A table that exists is not yet a table that works: the reference calls any "ensured". Here its columns, their kinds
//! and its unique indexes are looked at before anything relies on them.

use crate::{
    dialect::Dialect,
    driver::{Row, SqlDriver, SqlError, Statement, Value},
    entity::{Column, ColumnKind, Entities, Entity, Index, Ownership},
    schema::{column_type, create_index, create_table},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

/// The problem of a table that is not there.
const MISSING: &str = "does not exist";
/// An identifier of ours has this many characters.
const IDENTIFIER_LENGTH: u32 = 36;
/// An Argon2id hash of ours has this many characters, and up to two more with larger parameters.
const PASSWORD_HASH_LENGTH: u32 = 99;

/// One thing in which a database differs from the schema.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The table, by its name in the database.
    pub table: String,
    /// What differs.
    pub problem: String,
    /// The statement that mends it, or several parted by semicolons, where there is one.
    pub remedy: Option<String>,
    /// Whether the service fails or loses a promise while it stands. The others cost speed or room only.
    pub breaks: bool,
}

impl Difference {
    /// Whether the whole table is missing, so that making it mends this.
    #[must_use]
    pub fn is_missing_table(&self) -> bool {
        self.problem == MISSING
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "table \"{}\" {}", self.table, self.problem)?;
        match &self.remedy {
            Some(remedy) => write!(formatter, "; mend it with: {remedy};"),
            None => Ok(()),
        }
    }
}

/// Compares a database with the schema under the names of a configuration.
///
/// # Errors
/// The database could not be asked.
pub async fn compare(
    driver: &impl SqlDriver,
    dialect: Dialect,
    entities: &Entities,
) -> Result<Vec<Difference>, SqlError> {
    let mut differences = Vec::new();
    for entity in entities.iter() {
        let table = || Vec::from([Value::Text(entity.name.clone())]);
        let outcomes = driver
            .batch(&[
                Statement { sql: columns_of(dialect), parameters: table() },
                Statement { sql: indexes_of(dialect), parameters: table() },
            ])
            .await?;
        let [columns, indexes] = outcomes.as_slice() else {
            return Err(SqlError::Rejected);
        };
        let columns: Vec<Found> = columns.rows.iter().map(Found::of).collect();
        compare_table(dialect, entity, &columns, &indexes.rows, &mut differences);
    }
    Ok(differences)
}

/// A column of the database.
struct Found {
    name: String,
    kind: String,
    required: bool,
}

impl Found {
    fn of(row: &Row) -> Self {
        let is = |name| {
            matches!(row.get(name), Some(Value::Boolean(true)))
                || matches!(row.get(name), Some(Value::Integer(number)) if *number != 0)
        };
        Self {
            name: text(row, "column_name"),
            kind: text(row, "column_type").to_lowercase(),
            required: !is("may_be_null") && !is("has_default"),
        }
    }

    /// The length in a type such as `varchar(36)`.
    fn length(&self) -> Option<u32> {
        let (_, length) = self.kind.split_once('(')?;
        length.trim_end_matches(')').parse().ok()
    }

    fn holds(&self, dialect: Dialect, kind: ColumnKind) -> bool {
        let is = |words: &[&str]| words.iter().any(|word| self.kind.contains(word));
        match kind {
            ColumnKind::Varchar(_) | ColumnKind::Text => is(&["char", "text", "clob"]),
            ColumnKind::Boolean => is(&["bool"]) || dialect != Dialect::Postgres && is(&["int"]),
            ColumnKind::Datetime => is(&["date", "timestamp"]) || dialect == Dialect::Sqlite && is(&["text", "char"]),
        }
    }
}

fn compare_table(
    dialect: Dialect,
    entity: &Entity,
    columns: &[Found],
    indexes: &[Row],
    differences: &mut Vec<Difference>,
) {
    let mut differs = |problem: String, remedy: Option<String>, breaks: bool| {
        differences.push(Difference { table: entity.name.clone(), problem, remedy, breaks });
    };
    if columns.is_empty() {
        // The host's own users' table is nobody's to create but the host's.
        let create = || create_table(dialect, entity).join("; ");
        differs(MISSING.to_string(), (entity.ownership != Ownership::HostUsers).then(create), true);
        return;
    }
    for (column, name) in entity.columns() {
        match columns.iter().find(|found| found.name.eq_ignore_ascii_case(name)) {
            None => differs(format!("has no column \"{name}\""), Some(add_column(dialect, entity, column, name)), true),
            Some(found) if !found.holds(dialect, column.kind) => {
                let wanted = column_type(dialect, column.kind);
                differs(format!("has a column \"{name}\" of type {}, {wanted} is wanted", found.kind), None, true);
            }
            Some(found) => {
                if let Some((length, wanted, breaks)) = too_short(dialect, column, found.length()) {
                    let problem = format!("has a column \"{name}\" of {length} characters, {wanted} are wanted");
                    differs(problem, widen_column(dialect, entity, column, name), breaks);
                }
            }
        }
    }
    for found in columns.iter().filter(|found| found.required) {
        if !entity.columns().any(|(_, name)| name.eq_ignore_ascii_case(&found.name)) {
            let problem =
                format!("has a column \"{}\" that needs a value and has no default: no row can be added", found.name);
            differs(problem, allow_null(dialect, entity, &found.name), true);
        }
    }
    for (column, name) in entity.indexes() {
        let on_column = |row: &&Row| text(row, "column_name").eq_ignore_ascii_case(name);
        let unique = |row: &Row| matches!(row.get("is_unique"), Some(Value::Boolean(true) | Value::Integer(1)));
        if column.index == Index::Unique {
            if !indexes.iter().filter(on_column).any(unique) {
                let problem = format!("has no unique index over \"{name}\": racing requests could write two rows");
                differs(problem, Some(create_index(dialect, entity, name, true, "")), true);
            }
        } else if !indexes.iter().any(|row| on_column(&row)) && column.is_searched() {
            let problem = format!("has no index over \"{name}\", which is searched");
            differs(problem, Some(create_index(dialect, entity, name, false, "")), false);
        }
    }
}

/// The length found, the length wanted, and whether what we write would not fit.
fn too_short(dialect: Dialect, column: &Column, found: Option<u32>) -> Option<(u32, u32, bool)> {
    let (ColumnKind::Varchar(wanted), Some(found)) = (column.kind, found) else {
        return None;
    };
    let needed = match column.name {
        "id" | "token" | "user_id" => IDENTIFIER_LENGTH,
        "password" => PASSWORD_HASH_LENGTH,
        _ => 0,
    };
    // SQLite writes lengths down and never looks at them again.
    let breaks = dialect != Dialect::Sqlite && found < needed;
    (found < u32::from(wanted)).then_some((found, u32::from(wanted), breaks))
}

/// SQLite cannot change a column, and need not: its columns hold text of any length.
fn widen_column(dialect: Dialect, entity: &Entity, column: &Column, name: &str) -> Option<String> {
    let (table, name, kind) = (dialect.quote(&entity.name), dialect.quote(name), column_type(dialect, column.kind));
    let null = if column.nullable { "NULL" } else { "NOT NULL" };
    match dialect {
        Dialect::Sqlite => None,
        Dialect::Postgres => Some(format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {kind}")),
        Dialect::MySql => Some(format!("ALTER TABLE {table} MODIFY COLUMN {name} {kind} {null}")),
    }
}

/// Only PostgreSQL can say it without repeating the rest of the column, which is the host's.
fn allow_null(dialect: Dialect, entity: &Entity, name: &str) -> Option<String> {
    let (table, name) = (dialect.quote(&entity.name), dialect.quote(name));
    (dialect == Dialect::Postgres).then(|| format!("ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL"))
}

fn add_column(dialect: Dialect, entity: &Entity, column: &Column, name: &str) -> String {
    let kind = column_type(dialect, column.kind);
    format!("ALTER TABLE {} ADD COLUMN {} {kind}", dialect.quote(&entity.name), dialect.quote(name))
}

fn text(row: &Row, name: &str) -> String {
    match row.get(name) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

/// `column_name`, `column_type`, `may_be_null` and `has_default` of every column of a table.
const fn columns_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT name AS column_name, type AS column_type, \
             CASE WHEN \"notnull\" = 1 OR pk > 0 THEN 0 ELSE 1 END AS may_be_null, \
             CASE WHEN dflt_value IS NULL THEN 0 ELSE 1 END AS has_default FROM pragma_table_info(?)"
        }
        Dialect::Postgres => {
            "SELECT CAST(a.attname AS TEXT) AS column_name, format_type(a.atttypid, a.atttypmod) AS column_type, \
             NOT a.attnotnull AS may_be_null, (a.atthasdef OR a.attidentity <> '') AS has_default \
             FROM pg_catalog.pg_attribute a WHERE a.attrelid = to_regclass(quote_ident(CAST($1 AS TEXT))) \
             AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        }
        Dialect::MySql => {
            "SELECT CAST(COLUMN_NAME AS CHAR) AS column_name, CAST(COLUMN_TYPE AS CHAR) AS column_type, \
             IS_NULLABLE = 'YES' AS may_be_null, \
             (COLUMN_DEFAULT IS NOT NULL OR EXTRA LIKE '%auto_increment%') AS has_default \
             FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? \
             ORDER BY ORDINAL_POSITION"
        }
    }
}

/// `column_name` and `is_unique` of every whole index over one column of a table.
const fn indexes_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT c.name AS column_name, i.\"unique\" AS is_unique \
             FROM pragma_index_list(?) AS i, pragma_index_info(i.name) AS c \
             WHERE i.partial = 0 AND (SELECT count(*) FROM pragma_index_info(i.name)) = 1"
        }
        Dialect::Postgres => {
            "SELECT CAST(a.attname AS TEXT) AS column_name, i.indisunique AS is_unique FROM pg_catalog.pg_index i \
             INNER JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
             WHERE i.indrelid = to_regclass(quote_ident(CAST($1 AS TEXT))) \
             AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indisvalid"
        }
        Dialect::MySql => {
            "SELECT CAST(MAX(COLUMN_NAME) AS CHAR) AS column_name, MAX(NON_UNIQUE) = 0 AS is_unique \
             FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? \
             GROUP BY INDEX_NAME HAVING COUNT(*) = 1 AND MAX(SUB_PART IS NOT NULL) = 0"
        }
    }
}
