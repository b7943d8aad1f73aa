//! The SQL driver over Spin's SQLite.
//!
//! Each batch has a connection to itself: requests that share the instance cannot get into each other's transactions, and
//! a batch that fails or is dropped takes its connection along, which rolls back. One that went through leaves it for the
//! next: opening a file and reading its schema costs more than a lookup does.

use crate::{
    database::{reads, writes},
    set_up::SetUpError,
    transaction::Open,
};
use auth101_core::{Cause, Problem};
use auth101_sql::{
    Dialect, LOCK_WAIT,
    classify::classify_sqlite,
    driver::{Outcome, Row, SqlError, Statement, Value},
};
use spin_sdk::sqlite::{Connection, Error, QueryResult, Value as SpinValue};
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// How long a connection may wait for the next batch. A libSQL server forgets one after ten seconds.
const IDLE_AT_MOST: Duration = Duration::from_secs(5);

/// A connection outside of any transaction.
struct Idle {
    label: String,
    connection: Connection,
    since: Instant,
}

thread_local! {
    /// Those of this instance, the last one used at the end. Taken and put back in one step, as a whole.
    static IDLE: Cell<Vec<Idle>> = const { Cell::new(Vec::new()) };
}

/// Whether the component may use the database. Spin opens the file with the first statement.
pub(crate) async fn check(label: &str) -> Result<(), SetUpError> {
    let asked = async {
        let connection = open(label).await?;
        let result = connection.execute("SELECT count(*) FROM sqlite_master", []).await?;
        result.collect().await?;
        Ok(connection)
    };
    match asked.await {
        Ok(connection) => {
            put_back(label, connection);
            Ok(())
        }
        Err(Error::AccessDenied) => Err(SetUpError::DatabaseNotGranted { label: label.to_owned() }),
        Err(Error::NoSuchDatabase) => Err(SetUpError::DatabaseUnknown { label: label.to_owned() }),
        Err(error) => match refused(label, &error) {
            SqlError::NotSetUp(problem) => Err(SetUpError::Database { dialect: Dialect::Sqlite, problem }),
            // One that is away may be back for the next request.
            _ => Ok(()),
        },
    }
}

/// Runs the statements as one transaction.
pub(crate) async fn batch(label: &str, statements: &[Statement<'_>], end: Instant) -> Result<Vec<Outcome>, SqlError> {
    if let Some(connection) = take_idle(label) {
        match on(connection, label, statements, end).await {
            // Nobody may have been at the other end any more.
            Err(Failure::BeforeAnything(SqlError::Unavailable)) => {}
            outcomes => return outcomes.map_err(Failure::error),
        }
    }
    let connection = open(label).await.map_err(|error| refused(label, &error))?;
    on(connection, label, statements, end).await.map_err(Failure::error)
}

/// A new connection that does not wait for locks as long as Spin's do by default, which is five seconds. A libSQL server, which
/// has a time-out of its own, need not know how; where there is no database, the next statement says so.
async fn open(label: &str) -> Result<Connection, Error> {
    let connection = Connection::open(label).await?;
    let sql = format!("PRAGMA busy_timeout = {}", LOCK_WAIT.as_millis());
    if let Ok(result) = connection.execute(sql, []).await {
        drop(result.collect().await);
    }
    Ok(connection)
}

/// Why a batch failed, and whether it can have done anything by then.
enum Failure {
    BeforeAnything(SqlError),
    Since(SqlError),
}

impl Failure {
    fn error(self) -> SqlError {
        let (Self::BeforeAnything(error) | Self::Since(error)) = self;
        error
    }
}

async fn on(
    connection: Connection,
    label: &str,
    statements: &[Statement<'_>],
    end: Instant,
) -> Result<Vec<Outcome>, Failure> {
    let outcomes = match statements {
        [] => Vec::new(),
        // A statement alone is a transaction by itself, and one that reads then waits for no writer.
        [statement] => vec![run(&connection, label, statement).await.map_err(|error| {
            if reads(statement.sql) { Failure::BeforeAnything(error) } else { Failure::Since(error) }
        })?],
        statements => transaction(&connection, label, statements, end).await?,
    };
    put_back(label, connection);
    Ok(outcomes)
}

fn take_idle(label: &str) -> Option<Connection> {
    let mut idle = IDLE.take();
    idle.retain(|one| one.since.elapsed() < IDLE_AT_MOST);
    let found = idle.iter().rposition(|one| one.label == label).map(|at| idle.remove(at).connection);
    IDLE.set(idle);
    found
}

fn put_back(label: &str, connection: Connection) {
    let mut idle = IDLE.take();
    idle.push(Idle { label: label.to_owned(), connection, since: Instant::now() });
    IDLE.set(idle);
}

async fn transaction(
    connection: &Connection,
    label: &str,
    statements: &[Statement<'_>],
    end: Instant,
) -> Result<Vec<Outcome>, Failure> {
    let _open = Open::new();
    for sql in Dialect::Sqlite.begin() {
        command(connection, label, sql).await.map_err(Failure::BeforeAnything)?;
    }
    let outcome = within(connection, label, statements, end).await;
    if outcome.is_err() {
        // Where this fails too, the connection rolls back as it closes, which is soon.
        let _ = command(connection, label, "ROLLBACK").await;
    }
    outcome.map_err(Failure::Since)
}

async fn within(
    connection: &Connection,
    label: &str,
    statements: &[Statement<'_>],
    end: Instant,
) -> Result<Vec<Outcome>, SqlError> {
    let mut outcomes = Vec::with_capacity(statements.len());
    for statement in statements {
        outcomes.push(run(connection, label, statement).await?);
    }
    // The instance may have been busy with something else for as long as the batch had.
    if Instant::now() >= end {
        return Err(SqlError::Unavailable);
    }
    command(connection, label, "COMMIT").await?;
    Ok(outcomes)
}

async fn run(connection: &Connection, label: &str, statement: &Statement<'_>) -> Result<Outcome, SqlError> {
    let parameters = statement.parameters.iter().map(bound);
    let result = connection.execute(statement.sql, parameters).await.map_err(|error| refused(label, &error))?;
    if reads(statement.sql) {
        return Ok(Outcome { rows: collect(label, result).await?, affected: 0 });
    }
    result.result().await.map_err(|error| refused(label, &error))?;
    // After any other statement, the count would be that of the write before it.
    let affected = if writes(statement.sql) { connection.changes().await } else { 0 };
    Ok(Outcome { rows: Vec::new(), affected })
}

async fn command(connection: &Connection, label: &str, sql: &str) -> Result<(), SqlError> {
    let result = connection.execute(sql, []).await.map_err(|error| refused(label, &error))?;
    // What went wrong is told here, not by `execute`.
    result.result().await.map_err(|error| refused(label, &error))
}

async fn collect(label: &str, result: QueryResult) -> Result<Vec<Row>, SqlError> {
    let names = result.columns().to_vec();
    let rows = result.collect().await.map_err(|error| refused(label, &error))?;
    Ok(rows
        .into_iter()
        .map(|row| Row(names.iter().cloned().zip(row.values.into_iter().map(found)).collect()))
        .collect())
}

fn bound(value: &Value) -> SpinValue {
    match value {
        Value::Text(text) => SpinValue::Text(text.clone()),
        Value::Integer(integer) => SpinValue::Integer(*integer),
        Value::Boolean(boolean) => SpinValue::Integer(i64::from(*boolean)),
        Value::Timestamp(at) => SpinValue::Text(at.to_text()),
        Value::Null => SpinValue::Null,
    }
}

fn found(value: SpinValue) -> Value {
    match value {
        SpinValue::Integer(integer) => Value::Integer(integer),
        SpinValue::Text(text) => Value::Text(text),
        SpinValue::Null => Value::Null,
        SpinValue::Real(real) => Value::from_f64(real),
        // The statements ask for texts as bytes; and others may have bound a text so, which SQLite keeps as such.
        SpinValue::Blob(bytes) => Value::Text(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// What became of a statement that the database refused. What the database says is compared and goes no further: it may
/// quote values.
fn refused(label: &str, error: &Error) -> SqlError {
    match error {
        Error::Io(message) => classify_sqlite(message),
        Error::DatabaseFull => SqlError::NotSetUp(Problem::new(Cause::DiskFull, "")),
        Error::NoSuchDatabase | Error::AccessDenied | Error::InvalidConnection => SqlError::Unavailable,
    }
    .about(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_named_after_the_database_and_a_lock_is_none() {
        for (error, cause) in [
            (Error::DatabaseFull, Cause::DiskFull),
            (Error::Io("attempt to write a readonly database".to_owned()), Cause::CannotWrite),
        ] {
            assert_eq!(refused("accounts", &error), SqlError::NotSetUp(Problem::new(cause, "accounts")));
        }
        assert_eq!(refused("accounts", &Error::Io("database is locked".to_owned())), SqlError::Conflict);
    }
}
