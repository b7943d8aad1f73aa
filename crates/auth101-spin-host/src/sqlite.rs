//! `spin:sqlite/sqlite@3.1.0`: a connection of its own for every `open`, and only the first statement of a text. As in
//! Spin, the file is opened by the first statement: `open` itself succeeds also where there can be no file.

use crate::{
    interface::sqlite::{Error, Host, HostConnection, HostConnectionWithStore, RowResult, Value},
    state::State,
};
use rusqlite::types::{Value as SqlValue, ValueRef};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

/// A connection that an instance holds. One that is dropped inside a transaction takes it back.
#[allow(unreachable_pub, reason = "generated code re-exports it")]
pub struct Connection(Arc<Lazy>);

/// Shared with the thread on which a statement runs.
#[allow(unreachable_pub, reason = "as the connection")]
pub struct Lazy {
    file: PathBuf,
    opened: Mutex<Option<rusqlite::Connection>>,
}

impl Lazy {
    /// Does something over the connection, which is opened for the first that comes.
    fn with<T>(&self, work: impl FnOnce(&rusqlite::Connection) -> T) -> Result<T, rusqlite::Error> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // rusqlite's own defaults are Spin's: it waits five seconds for a lock, and foreign keys bind.
        let connection = match opened.take() {
            Some(connection) => connection,
            None => rusqlite::Connection::open(&self.file)?,
        };
        Ok(work(opened.insert(connection)))
    }
}

type Rows = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl Host for State {}

impl HostConnection for State {
    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: 'static> HostConnectionWithStore<T> for HasSelf<State> {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        label: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let Some(file) = accessor.with(|mut access| access.get().component.databases.get(&label).cloned()) else {
            return Ok(Err(Error::AccessDenied));
        };
        let connection = Connection(Arc::new(Lazy { file, opened: Mutex::new(None) }));
        Ok(Ok(accessor.with(|mut access| access.get().table.push(connection))?))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        sql: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, Error>> {
        let (connection, gate) = accessor.with(|mut access| {
            let state = access.get();
            wasmtime::error::Ok((state.table.get(&connection)?.0.clone(), state.gate.clone()))
        })?;
        gate.pass().await?;
        let run = move || connection.with(|connection| run(connection, &sql, parameters));
        let (columns, rows, outcome) = match tokio::task::spawn_blocking(run).await? {
            Ok(found) => found?,
            Err(error) => return Ok(Err(io(&error))),
        };
        accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            let outcome = FutureReader::new(&mut access, async move { wasmtime::error::Ok(outcome) })?;
            Ok(Ok((columns, rows, outcome)))
        })
    }

    async fn changes_async(accessor: &Accessor<T, Self>, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        let connection =
            accessor.with(|mut access| wasmtime::error::Ok(access.get().table.get(&connection)?.0.clone()))?;
        Ok(connection.with(rusqlite::Connection::changes)?)
    }
}

type Found = (Vec<String>, Vec<RowResult>, Result<(), Error>);

/// Columns, rows, and what went wrong after them. A text that is not UTF-8 loses the instance, as it does in Spin, which
/// panics.
fn run(connection: &rusqlite::Connection, sql: &str, parameters: Vec<Value>) -> wasmtime::Result<Found> {
    let (mut columns, mut found) = (Vec::new(), Vec::new());
    let attempt = || -> Result<(), rusqlite::Error> {
        let mut statement = connection.prepare_cached(sql)?;
        columns = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query(rusqlite::params_from_iter(parameters.into_iter().map(SqlValue::from)))?;
        while let Some(row) = rows.next()? {
            let values = (0..columns.len()).map(|column| value(row.get_ref(column)?));
            found.push(RowResult { values: values.collect::<Result<_, _>>()? });
        }
        Ok(())
    };
    match attempt() {
        Err(rusqlite::Error::Utf8Error(_, error)) => Err(wasmtime::format_err!("a text that is not UTF-8: {error}")),
        outcome => Ok((columns, found, outcome.map_err(|error| io(&error)))),
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, rusqlite::Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => {
            Value::Text(str::from_utf8(text).map_err(|e| rusqlite::Error::Utf8Error(0, e))?.to_owned())
        }
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

impl From<Value> for SqlValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Integer(number) => Self::Integer(number),
            Value::Real(number) => Self::Real(number),
            Value::Text(text) => Self::Text(text),
            Value::Blob(bytes) => Self::Blob(bytes),
            Value::Null => Self::Null,
        }
    }
}

fn io(error: &rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}
