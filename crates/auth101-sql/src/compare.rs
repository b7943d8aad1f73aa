//! What keeps a database from serving under a configuration, said exactly, with the statement that fixes it.
//!
//! A table that exists is not yet a table that works: the reference calls any "ensured". Here its columns, their kinds,
//! its unique indexes and, of users, its rows are looked at before anything relies on them.

use crate::{
    catalogue::{FoundColumn, Lookup, Table, is, look_up, text},
    contents::{look_at, normalise},
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
    /// The statement that fixes it, or several parted by semicolons, where there is one.
    pub remedy: Option<String>,
    /// Whether the service fails or loses a promise until it is fixed. The others cost speed or room only.
    pub breaks: bool,
    /// The statements with which a migration makes what is missing: a table, or an index of one, that is ours.
    pub creation: Vec<String>,
    /// Whether the whole table is missing, so that making it fixes this.
    pub is_missing_table: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "table \"{}\" {}", self.table, self.problem)?;
        match &self.remedy {
            Some(remedy) => write!(formatter, "; fix it with: {remedy};"),
            None => Ok(()),
        }
    }
}

/// Compares a database with the schema under the names of a configuration. Reads the whole users' table.
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
        let mut found = Differences { entity, dialect, list: Vec::new() };
        match look_up(driver, dialect, entity).await? {
            Lookup::Found(table) => {
                let batch =
                    [Statement { sql: indexes_of(dialect), parameters: Vec::from([Value::Text(entity.name.clone())]) }];
                let indexes = driver.batch(&batch).await?.into_iter().next().unwrap_or_default().rows;
                found.in_columns(&table);
                found.in_indexes(&indexes);
                // The rows are asked for by these columns.
                if entity.is_users() && !found.list.iter().any(|difference| difference.breaks) {
                    found.in_rows(driver).await?;
                }
                if entity.is_users() && dialect == Dialect::Postgres {
                    found.in_encoding(driver).await?;
                }
            }
            Lookup::Missing { create_in, other } => found.missing(create_in.as_deref(), other.as_deref()),
            Lookup::Hidden { ours, by } => {
                let problem = format!(
                    "is in the schema {ours}, and the search path finds another application's in {by} before it"
                );
                found.add(problem, None, true);
            }
        }
        differences.append(&mut found.list);
    }
    Ok(differences)
}

/// The statements that make every table of ours that is not there yet, each where the statements will find it. Unlike
/// [`compare`] this looks at no row.
///
/// # Errors
/// The database could not be asked.
pub async fn missing_tables(
    driver: &impl SqlDriver,
    dialect: Dialect,
    entities: &Entities,
) -> Result<Vec<String>, SqlError> {
    let mut creation = Vec::new();
    for entity in entities.iter().filter(|entity| entity.ownership == Ownership::Managed) {
        if let Lookup::Missing { create_in, .. } = look_up(driver, dialect, entity).await? {
            creation.append(&mut create_table(dialect, entity, create_in.as_deref()));
        }
    }
    Ok(creation)
}

/// The differences of one table.
struct Differences<'a> {
    entity: &'a Entity,
    dialect: Dialect,
    list: Vec<Difference>,
}

impl Differences<'_> {
    fn add(&mut self, problem: String, remedy: Option<String>, breaks: bool) {
        let table = self.entity.name.clone();
        self.list.push(Difference { table, problem, remedy, breaks, creation: Vec::new(), is_missing_table: false });
    }

    /// The table is to be made in that schema, or in the one that the database chooses.
    fn missing(&mut self, create_in: Option<&str>, other: Option<&str>) {
        let problem = match other {
            Some(schema) => {
                format!("does not exist; the one in the schema {schema} lacks its columns and is another application's")
            }
            None => "does not exist".to_string(),
        };
        let creation = create_table(self.dialect, self.entity, create_in);
        // The host's own users' table is nobody's to create but the host's.
        let remedy = (self.entity.ownership != Ownership::HostUsers).then(|| creation.join("; "));
        let creation = if self.entity.ownership == Ownership::Managed { creation } else { Vec::new() };
        let table = self.entity.name.clone();
        self.list.push(Difference { table, problem, remedy, breaks: true, creation, is_missing_table: true });
    }

    fn in_columns(&mut self, table: &Table) {
        let (dialect, entity) = (self.dialect, self.entity);
        for (column, name) in entity.columns() {
            let Some(found) = table.column(name) else {
                let remedy = add_column(dialect, entity, column, name);
                self.add(format!("has no column \"{name}\""), Some(remedy), true);
                continue;
            };
            if !found.holds(dialect, column) {
                let wanted = column_type(dialect, column.kind);
                self.add(format!("has a column \"{name}\" of type {}, {wanted} is wanted", found.kind), None, true);
                continue;
            }
            if found.is_padded(dialect) && column.is_compared() {
                let problem = format!(
                    "has a column \"{name}\" of type {}, which adds spaces to what is stored in it",
                    found.kind
                );
                self.add(problem, widen_column(dialect, entity, column, name), true);
            } else if let Some((length, wanted, breaks)) = too_short(dialect, column, found.length()) {
                let problem = format!("has a column \"{name}\" of {length} characters, {wanted} are wanted");
                self.add(problem, widen_column(dialect, entity, column, name), breaks);
            }
            if column.is_flag() && found.is_nullable && !found.has_default && !found.is_time() {
                let problem = format!(
                    "has a flag \"{name}\" that may be NULL and has no default: NULL is false, so whoever is added \
                     without it is {}",
                    if column.name == "is_active" { "not active and cannot sign in" } else { "not verified" }
                );
                self.add(problem, set_default(dialect, entity, column, name), true);
            }
        }
        for found in table.columns.iter().filter(|found| !found.is_nullable && !found.has_default) {
            if !entity.columns().any(|(_, name)| name.eq_ignore_ascii_case(&found.name)) {
                let name = &found.name;
                let problem =
                    format!("has a column \"{name}\" that needs a value and has no default: no row can be added");
                self.add(problem, allow_null(dialect, entity, name), true);
            }
        }
        let narrow = |(column, name): (&Column, &str)| {
            table.column(name).filter(|found| column.holds_free_text() && !found.takes_every_character())
        };
        if let Some(FoundColumn { name, character_set, .. }) = entity.columns().find_map(narrow) {
            let problem = format!(
                "has a column \"{name}\" in the character set {character_set}, which cannot hold every character: \
                 addresses with others are refused"
            );
            let remedy = format!("ALTER TABLE {} CONVERT TO CHARACTER SET utf8mb4", dialect.quote(&entity.name));
            self.add(problem, Some(remedy), true);
        }
    }

    fn in_indexes(&mut self, indexes: &[Row]) {
        let (dialect, entity) = (self.dialect, self.entity);
        for (column, name) in entity.indexes() {
            let on_column = |row: &&Row| text(row, "column_name").eq_ignore_ascii_case(name);
            if column.index == Index::Unique {
                if !indexes.iter().filter(on_column).any(|row| is(row, "is_unique")) {
                    let problem = format!("has no unique index over \"{name}\": racing requests could write two rows");
                    self.add(problem, Some(create_index(dialect, entity, name, true, "", None)), true);
                }
            } else if !indexes.iter().any(|row| on_column(&row)) && column.is_searched() {
                let problem = format!("has no index over \"{name}\", which is searched");
                self.add(problem, Some(create_index(dialect, entity, name, false, "", None)), false);
                if let Some(difference) = self.list.last_mut().filter(|_| entity.ownership == Ownership::Managed) {
                    // Another migration may be at it; MySQL has no such guard.
                    let guard = if dialect == Dialect::MySql { "" } else { " IF NOT EXISTS" };
                    difference.creation = Vec::from([create_index(dialect, entity, name, false, guard, None)]);
                }
            }
        }
    }

    async fn in_rows(&mut self, driver: &impl SqlDriver) -> Result<(), SqlError> {
        let contents = look_at(driver, self.dialect, self.entity).await?;
        for (name, rows) in contents.unreadable_flags {
            let problem = format!(
                "has a flag \"{name}\" that cannot be read as true or false, and so counts as false, in {}",
                counted(rows, "row", "rows")
            );
            self.add(problem, None, true);
        }
        let name = self.entity.email();
        if contents.addresses > 0 {
            let problem = format!(
                "has {} in \"{name}\" that are not in lower case without spaces around them: nobody can sign in by them",
                counted(contents.addresses, "address", "addresses")
            );
            self.add(problem, Some(normalise(self.dialect, self.entity)), true);
        }
        if contents.odd_addresses > 0 {
            let problem = format!(
                "has {} in \"{name}\" whose lower or trimmed form this database does not know: nobody can sign in by \
                 them; correct them by hand",
                counted(contents.odd_addresses, "address", "addresses")
            );
            self.add(problem, None, true);
        }
        Ok(())
    }

    async fn in_encoding(&mut self, driver: &impl SqlDriver) -> Result<(), SqlError> {
        let sql = "SELECT CAST(pg_encoding_to_char(encoding) AS TEXT) AS encoding FROM pg_catalog.pg_database \
                   WHERE datname = current_database()";
        let outcomes = driver.batch(&[Statement { sql, parameters: Vec::new() }]).await?;
        let encoding = outcomes.first().and_then(|outcome| outcome.rows.first()).map(|row| text(row, "encoding"));
        if let Some(encoding) = encoding.filter(|encoding| encoding != "UTF8") {
            let problem = format!(
                "is in a database with the encoding {encoding}, which cannot hold every character: addresses with \
                 others are refused; move to a database created with ENCODING 'UTF8'"
            );
            self.add(problem, None, true);
        }
        Ok(())
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
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

/// The default of a flag; in quotes PostgreSQL reads it for a column of any type.
fn set_default(dialect: Dialect, entity: &Entity, column: &Column, name: &str) -> Option<String> {
    let value = if column.name == "is_active" { "'1'" } else { "'0'" };
    let (table, name) = (dialect.quote(&entity.name), dialect.quote(name));
    (dialect != Dialect::Sqlite).then(|| format!("ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {value}"))
}

fn add_column(dialect: Dialect, entity: &Entity, column: &Column, name: &str) -> String {
    let kind = column_type(dialect, column.kind);
    format!("ALTER TABLE {} ADD COLUMN {} {kind}", dialect.quote(&entity.name), dialect.quote(name))
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
