//! What differs between databases.

use crate::driver::Value;
use alloc::{borrow::ToOwned, format, string::String};
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

/// What a lock on a row keeps others from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Strength {
    /// Writing the row. Others may lock it likewise.
    Share,
    /// Writing or locking the row, except by a reference to its key.
    NoKeyUpdate,
    /// Writing, locking or referencing the row.
    Update,
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
    /// true; it is rolled back first. Each statement then sees what others have committed by its start, datetimes
    /// with a time zone are read and written in UTC, and no statement waits for a lock longer than
    /// [`LOCK_WAIT`](crate::LOCK_WAIT). On MySQL these are settings of the connection: a driver over a pool of the host's
    /// remembers what they were and restores it. On SQLite the lock is the file's, and the busy time-out the driver's.
    #[must_use]
    pub const fn begin(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &["BEGIN IMMEDIATE"],
            Self::Postgres => &[
                "ROLLBACK",
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
                "SET LOCAL TIME ZONE 'UTC'",
                "SET LOCAL lock_timeout = '2s'",
            ],
            Self::MySql => &[
                "ROLLBACK",
                "SET SESSION time_zone = '+00:00', SESSION innodb_lock_wait_timeout = 2",
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

    /// What a `SELECT` ends with that locks the rows it finds, with the weakest lock of the dialect that is as strong. In
    /// PostgreSQL, all but `FOR UPDATE` let others insert rows that reference the locked one. In MySQL and MariaDB, such
    /// inserts share a lock with `LOCK IN SHARE MODE`, which both understand.
    pub(crate) const fn lock(self, strength: Strength) -> &'static str {
        match (self, strength) {
            (Self::Sqlite, _) => "",
            (Self::Postgres, Strength::Share) => " FOR SHARE",
            (Self::Postgres, Strength::NoKeyUpdate) => " FOR NO KEY UPDATE",
            (Self::MySql, Strength::Share) => " LOCK IN SHARE MODE",
            (Self::Postgres | Self::MySql, _) => " FOR UPDATE",
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

    /// A datetime column as something that compares with a bound time. What [`auth101_core::Timestamp::parse`] does not
    /// read comes before every time, so that such a session is over and never lives for ever: `NULL`, `infinity`, and on
    /// SQLite text and numbers that are not a date and a time without an offset. On SQLite others write a `T` between
    /// date and time, which sorts after the space: an expired row of theirs would live until midnight.
    pub(crate) fn comparable_time(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "CASE WHEN date({column}) = substr({column}, 1, 10) AND substr({column}, 11) NOT GLOB '*[^T0-9:. ]*' \
                 THEN replace({column}, 'T', ' ') ELSE '' END"
            ),
            Self::Postgres => {
                format!("CASE WHEN {column} < TIMESTAMP '10000-01-01' THEN {column} ELSE TIMESTAMP '-infinity' END")
            }
            Self::MySql => format!("COALESCE({column}, TIMESTAMP'1000-01-01 00:00:00')"),
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

#[cfg(test)]
mod tests {
    use super::*;

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
