//! What a database must do for us.

use alloc::{string::String, vec::Vec};
use auth101_core::Timestamp;
use core::fmt;

/// A connection to a database, or a pool of them.
pub trait SqlDriver {
    /// Runs the statements in order as one transaction: all of them commit or none does, also where the future is
    /// dropped before it ends, and concurrent batches act as if they ran one after the other. One [`Outcome`] a
    /// statement, in order.
    ///
    /// An implementation never trusts a pooled connection to be clean (`ROLLBACK` before `BEGIN`), retries nothing
    /// itself, and keeps what the database says about values out of its errors.
    ///
    /// # Errors
    /// See [`SqlError`]; in every case nothing of the batch remains.
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Vec<Outcome>, SqlError>;
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
    /// A deadlock, a serialization failure or a lock held too long: the whole batch may be run again.
    Conflict,
    /// A table is missing, by its name.
    MissingTable(String),
    /// A column is missing, by its name.
    MissingColumn(String),
    /// The database cannot be reached or cannot answer now.
    Unavailable,
    /// The database refused the statement: a defect of ours.
    Rejected,
}
