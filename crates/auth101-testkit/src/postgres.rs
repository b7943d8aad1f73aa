//! A driver over a PostgreSQL server, through a small pool of connections that nobody trusts to be clean.

use crate::{
    clock,
    pool::{PATIENCE, Pool},
};
use auth101_sql::{Dialect, Outcome, Row, SqlDriver, SqlError, Statement, Value, classify::classify_postgres};
use postgres::{
    Client, Error, NoTls,
    types::{ToSql, Type},
};
use std::{sync::Arc, time::Duration};

/// A driver over a pool that several threads may share.
#[derive(Clone)]
pub struct PostgresDriver(Arc<Pool<Client>>);

impl PostgresDriver {
    /// At most `size` connections to the server of a URL such as `postgresql://user@host:5432/database`.
    #[must_use]
    pub fn new(url: &str, size: usize) -> Self {
        Self::with_patience(url, size, PATIENCE)
    }

    /// The same, with callers that wait so long for a connection.
    #[must_use]
    pub fn with_patience(url: &str, size: usize, patience: Duration) -> Self {
        let url = url.to_owned();
        let connect = move || Client::connect(&url, NoTls).map_err(|_| SqlError::Unavailable);
        Self(Arc::new(Pool::new(size, patience, Box::new(connect))))
    }

    /// Borrows a raw connection, to prepare a test or to misuse the pool.
    ///
    /// # Errors
    /// None could be had.
    pub fn raw<T>(&self, work: impl FnOnce(&mut Client) -> T) -> Result<T, SqlError> {
        self.0
            .with(PATIENCE, |client| Ok(work(client)), |_: &SqlError| false)
            .map_err(|error| error.unwrap_or(SqlError::Unavailable))
    }
}

impl SqlDriver for PostgresDriver {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let until = clock::elapsed() + limit;
        self.0
            .with(limit, |client| run(client, statements, until), |error| classify(error) == SqlError::Unavailable)
            .map_err(|error| error.map_or(SqlError::Unavailable, |error| classify(&error)))
    }

    fn elapsed(&self) -> Duration {
        clock::elapsed()
    }
}

fn run(client: &mut Client, statements: &[Statement<'_>], until: Duration) -> Result<Vec<Outcome>, Error> {
    client.batch_execute(&Dialect::Postgres.begin().join(";"))?;
    // The server ends each statement at the end of the batch's time, and refuses one that begins after it.
    let limit = |client: &mut Client| {
        let remaining = until.saturating_sub(clock::elapsed()).as_millis();
        client.batch_execute(&match remaining {
            0 => "DO $$ BEGIN RAISE query_canceled; END $$".to_owned(),
            remaining => format!("SET LOCAL statement_timeout = {remaining}"),
        })
    };
    let execute = |statement| {
        limit(client)?;
        execute(client, statement)
    };
    let outcomes = statements.iter().map(execute).collect::<Result<Vec<_>, _>>();
    match outcomes.and_then(|outcomes| limit(client).map(|()| outcomes)) {
        Ok(outcomes) => client.batch_execute("COMMIT").map(|()| outcomes),
        Err(error) => {
            // Where this fails too the connection is broken, and the server rolls back by itself.
            let _ = client.batch_execute("ROLLBACK");
            Err(error)
        }
    }
}

fn execute(client: &mut Client, statement: &Statement<'_>) -> Result<Outcome, Error> {
    let prepared = client.prepare(statement.sql)?;
    let parameters: Vec<Box<dyn ToSql + Sync>> =
        statement.parameters.iter().zip(prepared.params()).map(|(value, kind)| parameter(value, kind)).collect();
    let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(AsRef::as_ref).collect();
    if prepared.columns().is_empty() {
        return Ok(Outcome { rows: Vec::new(), affected: client.execute(&prepared, &parameters)? });
    }
    let rows = client.query(&prepared, &parameters)?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(Outcome { rows, affected: 0 })
}

fn parameter(value: &Value, kind: &Type) -> Box<dyn ToSql + Sync> {
    match value {
        Value::Text(text) => Box::new(text.clone()),
        Value::Integer(number) if *kind == Type::INT4 => Box::new(i32::try_from(*number).unwrap_or(i32::MAX)),
        Value::Integer(number) => Box::new(*number),
        Value::Boolean(value) => Box::new(*value),
        Value::Timestamp(at) => Box::new(at.to_text()),
        Value::Null if *kind == Type::BOOL => Box::new(None::<bool>),
        Value::Null if *kind == Type::INT8 => Box::new(None::<i64>),
        Value::Null => Box::new(None::<String>),
    }
}

fn row(row: &postgres::Row) -> Result<Row, Error> {
    let value = |position: usize, kind: &Type| -> Result<Value, Error> {
        Ok(match *kind {
            Type::BOOL => row.try_get::<_, Option<bool>>(position)?.map_or(Value::Null, Value::Boolean),
            Type::INT8 => row.try_get::<_, Option<i64>>(position)?.map_or(Value::Null, Value::Integer),
            Type::INT4 => {
                row.try_get::<_, Option<i32>>(position)?.map_or(Value::Null, |number| Value::Integer(number.into()))
            }
            _ => row.try_get::<_, Option<String>>(position)?.map_or(Value::Null, Value::Text),
        })
    };
    let columns = row.columns().iter().enumerate();
    let values = columns.map(|(position, column)| Ok((column.name().to_owned(), value(position, column.type_())?)));
    values.collect::<Result<_, _>>().map(Row)
}

fn classify(error: &Error) -> SqlError {
    match error.as_db_error() {
        Some(error) => classify_postgres(error.code().code(), error.message(), error.constraint()),
        // A value that does not fit the type of its parameter never reaches the server.
        None if error.is_closed() => SqlError::Unavailable,
        None if error.to_string().contains("serializ") => SqlError::Rejected,
        None => SqlError::Unavailable,
    }
}
