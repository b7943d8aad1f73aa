//! What a database must do for us.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use auth101_core::{Problem, Timestamp};
use core::{fmt, time::Duration};

/// How long a batch may take where nothing asks for less, its repetitions included.
pub const BATCH_LIMIT: Duration = Duration::from_secs(10);

/// The longest wait for a lock on a row. [`Dialect::begin`](crate::Dialect::begin) sets it on servers. Whoever has waited
/// that long meets a transaction that is stuck, and would hold a connection that others need.
pub const LOCK_WAIT: Duration = Duration::from_secs(2);

/// A connection to a database, or a pool of them.
pub trait SqlDriver {
    /// Runs the statements in order as one transaction: all of them commit or none does, also where the future is
    /// dropped before it ends. One [`Outcome`] a statement, in order.
    ///
    /// The batch has `limit` from the call on, the wait for a connection included. The statements hold the time at which
    /// the request arrived, so nothing may commit later: what has not sent its `COMMIT` by then rolls back, and where that
    /// cannot be known at once, the connection is closed and nobody gets it again. Databases whose batch cannot be
    /// bounded from outside (D1, libSQL servers) may commit later; the caller has heard [`SqlError::Unavailable`] by then.
    ///
    /// What isolates concurrent batches is READ COMMITTED or more: a statement sees what others had committed when it
    /// began, and a row that one batch has written makes the next writer of it wait for the end of that batch. Two
    /// batches that choose the same new key are told apart by the unique index, as a [`SqlError::UniqueViolation`].
    ///
    /// An implementation never trusts a pooled connection to be clean (`ROLLBACK` before `BEGIN`), retries nothing
    /// itself, and keeps what the database says about values out of its errors.
    ///
    /// # Errors
    /// See [`SqlError`]; in every case nothing of the batch remains.
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError>;

    /// The same, with [`BATCH_LIMIT`].
    ///
    /// # Errors
    /// As for [`SqlDriver::batch_within`].
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Vec<Outcome>, SqlError> {
        self.batch_within(statements, BATCH_LIMIT).await
    }

    /// A clock that the host reads: only differences between two readings mean anything. A batch that is run again has
    /// what remains of its limit.
    fn elapsed(&self) -> Duration;
}

/// A statement with its parameters.
pub struct Statement<'a> {
    /// One statement, without a semicolon; placeholders as the dialect writes them.
    pub sql: &'a str,
    /// The values of the placeholders, in order.
    pub parameters: Vec<Value>,
}

/// Parameters hold passwords' hashes and tokens' identifiers: only their number is shown.
impl fmt::Debug for Statement<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Statement").field("sql", &self.sql).field("parameters", &self.parameters.len()).finish()
    }
}

/// A value that goes into a placeholder or comes out of a column.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A 64-bit integer; a whole number that a database returns as floating point is one too.
    Integer(i64),
    /// Bound as the dialect's boolean. Databases without one return integers.
    Boolean(bool),
    /// Bound as text in the form of [`Timestamp::to_text`]. Never returned: the statements ask for datetimes as text.
    Timestamp(Timestamp),
    /// SQL's NULL.
    Null,
}

impl Value {
    /// A number that a database returned as floating point: an integer where it is whole and doubles are exact, up to
    /// 2^53 - 1 either way, and else a text that no reader of a column takes for anything.
    #[must_use]
    pub fn from_f64(number: f64) -> Self {
        const MAX_EXACT: f64 = 9_007_199_254_740_991.0;
        #[allow(clippy::cast_possible_truncation, reason = "what is cut off is found by the comparison")]
        let integer = number as i64;
        #[allow(clippy::cast_precision_loss, reason = "so small an integer loses nothing")]
        if (-MAX_EXACT..=MAX_EXACT).contains(&number) && integer as f64 == number {
            Self::Integer(integer)
        } else {
            Self::Text(number.to_string())
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text(_) => "Text(_)",
            Self::Integer(_) => "Integer(_)",
            Self::Boolean(_) => "Boolean(_)",
            Self::Timestamp(_) => "Timestamp(_)",
            Self::Null => "Null",
        })
    }
}

/// What one statement did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// The rows of a `SELECT`.
    pub rows: Vec<Row>,
    /// How many rows an `INSERT`, `UPDATE` or `DELETE` touched.
    pub affected: u64,
}

/// A row: the columns by the names that the statement gave them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row(pub Vec<(String, Value)>);

impl Row {
    /// The value of a column, if the row has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// Why a batch did not commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SqlError {
    /// A unique index or primary key refused a row. Holds the database's name for it, such as `users.email` or
    /// `ix_users_email`, which is compared and never shown.
    UniqueViolation(String),
    /// A deadlock, a serialization failure or a SQLite file that is locked: the whole batch may be run again at once.
    Conflict,
    /// Something that an operator must fix.
    NotSetUp(Problem),
    /// A value is one that its column cannot hold, or cannot be compared with.
    Unfit,
    /// The database cannot be reached, cannot answer now, or did not answer in time.
    Unavailable,
    /// The database refused the statement: a defect of ours.
    Rejected,
}

impl SqlError {
    /// The error of a driver that knows what its database is called: a problem without a subject gets this one.
    #[must_use]
    pub fn about(self, database: &str) -> Self {
        match self {
            Self::NotSetUp(problem) => Self::NotSetUp(problem.about(database)),
            error => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;

    #[test]
    fn whole_numbers_are_integers_and_others_are_not() {
        assert_eq!(Value::from_f64(1.0), Value::Integer(1));
        assert_eq!(Value::from_f64(-0.0), Value::Integer(0));
        assert_eq!(Value::from_f64(-9_007_199_254_740_991.0), Value::Integer(-9_007_199_254_740_991));
        assert_eq!(Value::from_f64(9_007_199_254_740_992.0), Value::Text("9007199254740992".to_owned()));
        assert_eq!(Value::from_f64(0.5), Value::Text("0.5".to_owned()));
        assert_eq!(Value::from_f64(f64::NAN), Value::Text("NaN".to_owned()));
        assert_eq!(Value::from_f64(f64::INFINITY), Value::Text("inf".to_owned()));
        assert_eq!(Value::from_f64(1e300), Value::Text(1e300.to_string()));
    }
}
