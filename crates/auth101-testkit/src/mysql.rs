//! A driver over a MySQL or MariaDB server, through a small pool of connections that nobody trusts to be clean.

use crate::{
    clock,
    pool::{PATIENCE, Pool},
};
use auth101_sql::{Dialect, Outcome, Row, SqlDriver, SqlError, Statement, Value, classify::classify_mysql};
use mysql::{Conn, Error, Opts, Params, prelude::Queryable};
use std::{sync::Arc, time::Duration};

/// A driver over a pool that several threads may share.
#[derive(Clone)]
pub struct MySqlDriver(Arc<Pool<Conn>>);

impl MySqlDriver {
    /// At most `size` connections to the server of a URL such as `mysql://user@host:3306/database`.
    #[must_use]
    pub fn new(url: &str, size: usize) -> Self {
        Self::with_patience(url, size, PATIENCE)
    }

    /// The same, with callers that wait so long for a connection.
    #[must_use]
    pub fn with_patience(url: &str, size: usize, patience: Duration) -> Self {
        let url = url.to_owned();
        let connect = move || {
            let options = Opts::from_url(&url).map_err(|_| SqlError::Rejected)?;
            Conn::new(options).map_err(|_| SqlError::Unavailable)
        };
        Self(Arc::new(Pool::new(size, patience, Box::new(connect))))
    }

    /// Borrows a raw connection, to prepare a test or to misuse the pool.
    ///
    /// # Errors
    /// None could be had.
    pub fn raw<T>(&self, work: impl FnOnce(&mut Conn) -> T) -> Result<T, SqlError> {
        self.0
            .with(PATIENCE, |connection| Ok(work(connection)), |_: &SqlError| false)
            .map_err(|error| error.unwrap_or(SqlError::Unavailable))
    }
}

impl SqlDriver for MySqlDriver {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let until = clock::elapsed() + limit;
        let broke = |error: &Error| classify(error) == SqlError::Unavailable;
        self.0
            .with(limit, |connection| run(connection, statements, until), broke)
            .map_err(|error| error.map_or(SqlError::Unavailable, |error| classify(&error)))
    }

    fn elapsed(&self) -> Duration {
        clock::elapsed()
    }
}

fn run(connection: &mut Conn, statements: &[Statement<'_>], until: Duration) -> Result<Vec<Outcome>, Error> {
    for statement in Dialect::MySql.begin() {
        connection.query_drop(statement)?;
    }
    // MariaDB ends each statement at the end of the batch's time; nothing begins after it.
    let limit = |connection: &mut Conn| {
        let remaining = until.saturating_sub(clock::elapsed());
        if remaining.is_zero() {
            return Err(Error::IoError(std::io::ErrorKind::TimedOut.into()));
        }
        connection
            .query_drop(format!("SET @limited = 1 /*M! , SESSION max_statement_time = {} */", remaining.as_secs_f64()))
    };
    let execute = |statement| {
        limit(connection)?;
        execute(connection, statement)
    };
    let outcomes = statements.iter().map(execute).collect::<Result<Vec<_>, _>>();
    match outcomes.and_then(|outcomes| limit(connection).map(|()| outcomes)) {
        Ok(outcomes) => connection.query_drop("COMMIT").map(|()| outcomes),
        Err(error) => {
            // Where this fails too the connection is broken, and the server rolls back by itself.
            let _ = connection.query_drop("ROLLBACK");
            Err(error)
        }
    }
}

fn execute(connection: &mut Conn, statement: &Statement<'_>) -> Result<Outcome, Error> {
    let parameters: Vec<mysql::Value> = statement.parameters.iter().map(parameter).collect();
    let parameters = if parameters.is_empty() { Params::Empty } else { Params::Positional(parameters) };
    let mut result = connection.exec_iter(statement.sql, parameters)?;
    let affected = result.affected_rows();
    let rows = result.by_ref().map(|row| row.map(|row| self::row(&row))).collect::<Result<_, _>>()?;
    Ok(Outcome { rows, affected })
}

fn parameter(value: &Value) -> mysql::Value {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Boolean(value) => (*value).into(),
        Value::Timestamp(at) => at.to_text().into(),
        Value::Null => mysql::Value::NULL,
    }
}

fn row(row: &mysql::Row) -> Row {
    let columns = row.columns_ref().iter().enumerate();
    Row(columns.map(|(position, column)| (column.name_str().into_owned(), value(row.as_ref(position)))).collect())
}

fn value(value: Option<&mysql::Value>) -> Value {
    match value {
        Some(mysql::Value::Bytes(bytes)) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        Some(mysql::Value::Int(number)) => Value::Integer(*number),
        Some(mysql::Value::UInt(number)) => Value::Integer(i64::try_from(*number).unwrap_or(i64::MAX)),
        Some(mysql::Value::Float(number)) => Value::Text(number.to_string()),
        Some(mysql::Value::Double(number)) => Value::Text(number.to_string()),
        Some(other @ (mysql::Value::Date(..) | mysql::Value::Time(..))) => Value::Text(other.as_sql(true)),
        Some(mysql::Value::NULL) | None => Value::Null,
    }
}

fn classify(error: &Error) -> SqlError {
    match error {
        Error::MySqlError(error) => classify_mysql(error.code, &error.message),
        Error::DriverError(_) => SqlError::Rejected,
        _ => SqlError::Unavailable,
    }
}
