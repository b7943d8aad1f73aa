//! What differs between databases, and how they word their errors.

use crate::driver::{SqlError, Value};
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
    /// PostgreSQL and what speaks its protocol.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

/// What a placeholder stands for: databases that infer types from the text of a statement are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Text,
    Boolean,
    Time,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::MySql];

    /// The name under which a person asks for it and rendered statements are filed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// The dialect of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// How finely its datetimes are kept.
    #[must_use]
    pub const fn resolution(self) -> Resolution {
        match self {
            Self::Sqlite | Self::Postgres => Resolution::Microseconds,
            Self::MySql => Resolution::Seconds,
        }
    }

    /// What a driver over one connection runs before the statements of a batch, in order.
    ///
    /// A connection from a pool may carry a stranger's unfinished transaction, which the next `COMMIT` would make
    /// true; it is rolled back first. Each statement then sees what others have committed by its start, and datetimes
    /// with a time zone are read and written in UTC.
    #[must_use]
    pub const fn begin(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &["BEGIN IMMEDIATE"],
            Self::Postgres => {
                &["ROLLBACK", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", "SET LOCAL TIME ZONE 'UTC'"]
            }
            Self::MySql => &[
                "ROLLBACK",
                "SET SESSION time_zone = '+00:00'",
                "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
                "START TRANSACTION READ WRITE",
            ],
        }
    }

    /// Whether racing batches must be put in order by locking the rows that they decide on. SQLite lets one writer in
    /// at a time.
    pub(crate) const fn locks_rows(self) -> bool {
        match self {
            Self::Sqlite => false,
            Self::Postgres | Self::MySql => true,
        }
    }

    /// What `SELECT` without a table needs before `WHERE`.
    pub(crate) const fn no_table(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => "",
            Self::MySql => " FROM DUAL",
        }
    }

    /// An identifier in quotes, which make reserved words harmless. A quote inside it is doubled, so that the text stays one
    /// identifier even where the check of configured names were to let one through.
    pub(crate) fn quote(self, identifier: &str) -> String {
        let quote = match self {
            Self::Sqlite | Self::Postgres => "\"",
            Self::MySql => "`",
        };
        format!("{quote}{}{quote}", identifier.replace(quote, &quote.repeat(2)))
    }

    /// The placeholder of the parameter with that number, counted from 1. PostgreSQL cannot infer a type where a
    /// parameter is selected rather than compared, and drivers that type what they send need telling that a datetime
    /// comes as text.
    pub(crate) fn placeholder(self, kind: Kind, number: usize) -> String {
        match (self, kind) {
            (Self::Sqlite | Self::MySql, _) => "?".to_owned(),
            (Self::Postgres, Kind::Text) => format!("CAST(${number} AS TEXT)"),
            (Self::Postgres, Kind::Boolean) => format!("CAST(${number} AS BOOLEAN)"),
            (Self::Postgres, Kind::Time) => format!("CAST(CAST(${number} AS TEXT) AS TIMESTAMP)"),
        }
    }

    /// A value as the database can hold it: times floored to what it keeps, since MySQL would round them up, and no NUL
    /// in a text of PostgreSQL, which has none. What is looked up by such a text is compared with what was asked for.
    pub(crate) fn storable(self, value: &Value) -> Value {
        match (self, value) {
            (_, Value::Timestamp(at)) => Value::Timestamp(at.floor_to(self.resolution())),
            (Self::Postgres, Value::Text(text)) if text.contains('\0') => Value::Text(text.replace('\0', "\u{fffd}")),
            (_, value) => value.clone(),
        }
    }

    /// A datetime column as something that compares with a bound time. On SQLite others write a `T` between date and
    /// time, which sorts after the space: without this an expired row of theirs would live until midnight.
    pub(crate) fn comparable_time(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("replace({column}, 'T', ' ')"),
            Self::Postgres | Self::MySql => column.to_owned(),
        }
    }

    /// A datetime column as text that [`auth101_core::Timestamp::parse`] reads, so that no driver turns it into an
    /// object of its own time zone.
    pub(crate) fn time_as_text(self, column: &str) -> String {
        match self {
            Self::Sqlite => column.to_owned(),
            Self::Postgres => format!("to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US')"),
            Self::MySql => format!("DATE_FORMAT({column}, '%Y-%m-%d %H:%i:%s.%f')"),
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
        "readonly database",
    ]) {
        return SqlError::Rejected;
    }
    SqlError::Unavailable
}

/// Tells apart PostgreSQL's errors by their SQLSTATE (PostgreSQL manual, appendix A). The message is looked at only for
/// the name of a missing table or column; `constraint` is the error's own field.
#[must_use]
pub fn classify_postgres(sqlstate: &str, message: &str, constraint: Option<&str>) -> SqlError {
    match sqlstate {
        "23505" => SqlError::UniqueViolation(constraint.unwrap_or_default().to_owned()),
        "42P01" => SqlError::MissingTable(after(message, "relation ").unwrap_or_default()),
        "42703" => SqlError::MissingColumn(after(message, "column ").unwrap_or_default()),
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => SqlError::Conflict,
        _ => match sqlstate.get(..2) {
            // Data exception, integrity constraint, syntax error or access rule.
            Some("22" | "23" | "42") => SqlError::Rejected,
            _ => SqlError::Unavailable,
        },
    }
}

/// Tells apart MySQL's and MariaDB's errors by their number. The message is looked at only for the name of the index,
/// table or column.
#[must_use]
pub fn classify_mysql(number: u16, message: &str) -> SqlError {
    match number {
        1062 => SqlError::UniqueViolation(after(message, "for key ").unwrap_or_default()),
        // `Table 'database.session' doesn't exist`
        1146 => {
            let table = after(message, "Table ").unwrap_or_default();
            SqlError::MissingTable(table.rsplit('.').next().unwrap_or_default().to_owned())
        }
        1054 => SqlError::MissingColumn(after(message, "Unknown column ").unwrap_or_default()),
        // Lock wait timeout, deadlock, MariaDB's "record has changed since last read".
        1205 | 1213 | 1020 => SqlError::Conflict,
        // Column cannot be null, syntax error, bad value for a column, data too long, wrong number of columns.
        1048 | 1064 | 1136 | 1264 | 1292 | 1364 | 1366 | 1406 | 3819 | 4025 => SqlError::Rejected,
        _ => SqlError::Unavailable,
    }
}

/// What follows a phrase, up to the end of the name that it introduces.
fn after(message: &str, phrase: &str) -> Option<String> {
    let (_, rest) = message.split_once(phrase)?;
    let quoted = rest.strip_prefix(['"', '\'', '`']).and_then(|rest| rest.split(['"', '\'', '`']).next());
    let name = quoted.unwrap_or_else(|| rest.split([':', ',', '\n', '(', ')', ' ']).next().unwrap_or_default());
    Some(name.to_string())
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

    #[test]
    fn postgresqls_states_are_told_apart() {
        let of = |state, message| classify_postgres(state, message, Some("ix_users_email"));
        assert_eq!(of("23505", ""), SqlError::UniqueViolation("ix_users_email".into()));
        assert_eq!(of("42P01", "relation \"my session\" does not exist"), SqlError::MissingTable("my session".into()));
        assert_eq!(of("42703", "column users.image does not exist"), SqlError::MissingColumn("users.image".into()));
        assert_eq!(
            of("42703", "column \"image\" of relation \"users\" does not exist"),
            SqlError::MissingColumn("image".into())
        );
        for state in ["40001", "40P01", "55P03"] {
            assert_eq!(of(state, ""), SqlError::Conflict);
        }
        for state in ["42601", "22P02", "23502", "42883"] {
            assert_eq!(of(state, ""), SqlError::Rejected);
        }
        for state in ["08006", "53300", "57P01", "57P03", "", "XX000", "é"] {
            assert_eq!(of(state, ""), SqlError::Unavailable);
        }
    }

    #[test]
    fn mysqls_numbers_are_told_apart() {
        let duplicate = "Duplicate entry 'a@b' for key 'users.ix_users_email'";
        assert_eq!(classify_mysql(1062, duplicate), SqlError::UniqueViolation("users.ix_users_email".into()));
        let missing = "Table 'test.session' doesn't exist";
        assert_eq!(classify_mysql(1146, missing), SqlError::MissingTable("session".into()));
        let column = "Unknown column 'users.image' in 'field list'";
        assert_eq!(classify_mysql(1054, column), SqlError::MissingColumn("users.image".into()));
        assert_eq!(classify_mysql(1213, ""), SqlError::Conflict);
        assert_eq!(classify_mysql(1205, ""), SqlError::Conflict);
        assert_eq!(classify_mysql(1406, ""), SqlError::Rejected);
        assert_eq!(classify_mysql(2006, ""), SqlError::Unavailable);
    }

    #[test]
    fn values_are_bound_as_the_database_can_hold_them() {
        let at = Value::Timestamp(auth101_core::Timestamp::from_micros(1_999_999));
        let floored = Value::Timestamp(auth101_core::Timestamp::from_micros(1_000_000));
        assert_eq!(Dialect::MySql.storable(&at), floored);
        assert_eq!(Dialect::Postgres.storable(&at), at);
        let text = Value::Text("a\0b".into());
        assert_eq!(Dialect::Sqlite.storable(&text), text);
        assert_eq!(Dialect::Postgres.storable(&text), Value::Text("a\u{fffd}b".into()));
    }

    #[test]
    fn a_quote_in_an_identifier_is_doubled() {
        assert_eq!(Dialect::Sqlite.quote("a\"b`c"), "\"a\"\"b`c\"");
        assert_eq!(Dialect::Postgres.quote("a\"b`c"), "\"a\"\"b`c\"");
        assert_eq!(Dialect::MySql.quote("a\"b`c"), "`a\"b``c`");
    }

    #[test]
    fn a_dialect_is_found_by_its_name() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::of(dialect.name()), Some(dialect));
        }
        assert_eq!(Dialect::of("oracle"), None);
    }
}
