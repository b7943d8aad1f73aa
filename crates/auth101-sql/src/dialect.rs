//! What differs between databases, and how they word their errors.

use crate::driver::SqlError;
use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
};
use auth101_core::time::Resolution;

/// A family of databases that share a syntax.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// SQLite, D1, libSQL.
    Sqlite,
}

/// What a placeholder stands for: databases that infer types from the text of a statement are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Text,
    Boolean,
    Time,
}

impl Dialect {
    /// The name under which rendered statements and migrations are filed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
        }
    }

    /// How finely its datetimes are kept.
    #[must_use]
    pub const fn resolution(self) -> Resolution {
        match self {
            Self::Sqlite => Resolution::Microseconds,
        }
    }

    /// An identifier in quotes. Names are validated where they come from; the quotes make reserved words harmless.
    pub(crate) fn quote(self, identifier: &str) -> String {
        match self {
            Self::Sqlite => format!("\"{identifier}\""),
        }
    }

    pub(crate) fn placeholder(self, kind: Kind) -> String {
        match (self, kind) {
            (Self::Sqlite, Kind::Text | Kind::Boolean | Kind::Time) => "?".to_owned(),
        }
    }

    /// A datetime column as something that compares with a bound time. Others write a `T` between date and time, which
    /// sorts after the space: without this an expired row of theirs would live until midnight.
    pub(crate) fn comparable_time(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("replace({column}, 'T', ' ')"),
        }
    }

    /// A datetime column as text that [`auth101_core::Timestamp::parse`] reads.
    pub(crate) fn time_as_text(self, column: &str) -> String {
        match self {
            Self::Sqlite => column.to_owned(),
        }
    }
}

/// Tells apart what SQLite says, by itself or through D1, libSQL or Spin, which wrap its words in theirs.
#[must_use]
pub fn classify_sqlite(message: &str) -> SqlError {
    if let Some(index) = after(message, "UNIQUE constraint failed: ") {
        return SqlError::UniqueViolation(index);
    }
    if let Some(table) = after(message, "no such table: ") {
        return SqlError::MissingTable(table.trim_start_matches("main.").to_owned());
    }
    if let Some(column) = after(message, "no such column: ").or_else(|| after(message, "has no column named ")) {
        return SqlError::MissingColumn(column);
    }
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["database is locked", "database table is locked", "SQLITE_BUSY", "SQLITE_LOCKED"]) {
        return SqlError::Conflict;
    }
    if says(&[
        "syntax error",
        "constraint failed",
        "datatype mismatch",
        "D1_TYPE_ERROR",
        "too many SQL variables",
        "Wrong number of parameter",
        "values for",
        "string or blob too big",
    ]) {
        return SqlError::Rejected;
    }
    SqlError::Unavailable
}

/// What follows a phrase, up to the end of the name that it introduces.
fn after(message: &str, phrase: &str) -> Option<String> {
    let (_, rest) = message.split_once(phrase)?;
    let name = rest.split([':', ',', '\n', '(', ')', ' ']).next().unwrap_or_default();
    Some(name.trim_matches(['"', '`', '\'']).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlites_words_are_told_apart_in_every_wrapping() {
        for (message, expected) in [
            ("UNIQUE constraint failed: users.email", SqlError::UniqueViolation("users.email".into())),
            (
                "D1_ERROR: UNIQUE constraint failed: users.email: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)",
                SqlError::UniqueViolation("users.email".into()),
            ),
            ("D1_ERROR: no such table: session: SQLITE_ERROR", SqlError::MissingTable("session".into())),
            ("no such table: main.users", SqlError::MissingTable("users".into())),
            ("no such column: users.image", SqlError::MissingColumn("users.image".into())),
            ("table users has no column named image", SqlError::MissingColumn("image".into())),
            ("table users has no column named image in INSERT INTO …", SqlError::MissingColumn("image".into())),
            ("database is locked", SqlError::Conflict),
            ("D1_ERROR: database is locked: SQLITE_BUSY", SqlError::Conflict),
            ("NOT NULL constraint failed: users.extra", SqlError::Rejected),
            ("near \"SELEC\": syntax error", SqlError::Rejected),
            ("D1_TYPE_ERROR: Type 'bigint' not supported for value '1'", SqlError::Rejected),
            ("D1_ERROR: Network connection lost.", SqlError::Unavailable),
            ("D1_ERROR: internal error; reference = abc", SqlError::Unavailable),
            ("unable to open database file", SqlError::Unavailable),
            ("", SqlError::Unavailable),
        ] {
            assert_eq!(classify_sqlite(message), expected, "{message}");
        }
    }
}
