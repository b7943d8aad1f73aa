//! What is in a users' table: flags that cannot be read, and addresses under which nobody can sign in.

use crate::{
    catalogue::text,
    dialect::Dialect,
    driver::{Row, SqlDriver, SqlError, Statement, Value},
    entity::Entity,
    flag,
};
use alloc::{format, string::String, vec::Vec};
use auth101_core::domain::email::Email;

/// What a look at the rows of a users' table found.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The flags that have unreadable values, by the names of their columns, and in how many rows.
    pub(crate) unreadable_flags: Vec<(String, u64)>,
    /// How many addresses are not in normal form, and the database can bring them there.
    pub(crate) addresses: u64,
    /// How many it cannot, because its lower case lacks letters or its `trim` lacks characters.
    pub(crate) odd_addresses: u64,
}

/// Looks at every row. The table must have the columns that are asked for.
pub(crate) async fn look_at(driver: &impl SqlDriver, dialect: Dialect, users: &Entity) -> Result<Contents, SqlError> {
    let table = dialect.quote(&users.name);
    let of = |column: &str| format!("{table}.{}", dialect.quote(column));
    let flags: Vec<(&str, &str)> =
        users.columns().filter(|(column, _)| column.is_flag()).map(|(column, name)| (column.name, name)).collect();
    let count = |condition: &str| format!("SELECT COUNT(*) AS number FROM {table} WHERE {condition}");
    let mut queries: Vec<String> =
        flags.iter().map(|(field, name)| count(&flag::is_unreadable(dialect, field, &of(name)))).collect();
    let email = of(users.email());
    queries.push(count(&is_not_normal(dialect, &email)));
    queries.push(format!(
        "SELECT {email} AS email FROM {table} WHERE NOT ({}) AND {}",
        is_not_normal(dialect, &email),
        is_unusual(dialect, &email)
    ));
    let batch: Vec<Statement<'_>> = queries.iter().map(|sql| Statement { sql, parameters: Vec::new() }).collect();
    let mut outcomes = driver.batch(&batch).await?.into_iter().map(|outcome| outcome.rows);
    let mut unreadable_flags = Vec::new();
    for (_, name) in flags {
        let rows = number(outcomes.next());
        if rows > 0 {
            unreadable_flags.push((String::from(name), rows));
        }
    }
    let addresses = number(outcomes.next());
    let is_odd = |row: &&Row| {
        let email = text(row, "email");
        Email::normalise(&email).as_str() != email
    };
    let odd_addresses = outcomes.next().unwrap_or_default().iter().filter(is_odd).map(|_| 1).sum();
    Ok(Contents { unreadable_flags, addresses, odd_addresses })
}

/// The statement that brings addresses into normal form. It fails where two would become the same.
pub(crate) fn normalise(dialect: Dialect, users: &Entity) -> String {
    let (table, column) = (dialect.quote(&users.name), dialect.quote(users.email()));
    format!("UPDATE {table} SET {column} = {} WHERE {}", normal(&column), is_not_normal(dialect, &column))
}

/// What SQL makes of the normal form: the lower case of the database, without spaces at both ends.
fn normal(email: &str) -> String {
    format!("LOWER(TRIM({email}))")
}

/// Compared byte for byte: collations equate what differs in case.
fn is_not_normal(dialect: Dialect, email: &str) -> String {
    let normal = normal(email);
    match dialect {
        Dialect::Sqlite => format!("{email} COLLATE BINARY <> {normal}"),
        Dialect::Postgres => format!("CAST({email} AS TEXT) <> CAST({normal} AS TEXT)"),
        Dialect::MySql => format!("CAST({email} AS BINARY) <> CAST({normal} AS BINARY)"),
    }
}

/// Whether an address has other characters than ASCII's visible ones. Only the core knows their normal form.
fn is_unusual(dialect: Dialect, email: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("{email} GLOB '*[^!-~]*'"),
        Dialect::Postgres => format!("CAST({email} AS TEXT) COLLATE \"C\" ~ '[^!-~]'"),
        Dialect::MySql => format!("{email} REGEXP '[^!-~]'"),
    }
}

fn number(rows: Option<Vec<Row>>) -> u64 {
    match rows.unwrap_or_default().first().and_then(|row| row.get("number")) {
        Some(Value::Integer(number)) => u64::try_from(*number).unwrap_or_default(),
        _ => 0,
    }
}
