//! `spin:sqlite/sqlite@3.1.0`: a connection of its own for every `open`, and only the first statement of a text. As in
//! Spin, the file is opened by the first statement: `open` itself succeeds also where there can be no file.

use crate::state::State;
use rusqlite::types::{Value as SqlValue, ValueRef};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use wasmtime::component::{
    Accessor, ComponentType, FutureReader, Lift, Linker, Lower, Resource, ResourceType, StreamReader,
};

/// A connection that an instance holds. One that is dropped inside a transaction takes it back.
pub struct Connection(Shared);

/// Shared with the thread on which a statement runs.
type Shared = Arc<Lazy>;

struct Lazy {
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

#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "no-such-database")]
    NoSuchDatabase,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "invalid-connection")]
    InvalidConnection,
    #[component(name = "database-full")]
    DatabaseFull,
    #[component(name = "io")]
    Io(String),
}

#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
enum Value {
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "real")]
    Real(f64),
    #[component(name = "text")]
    Text(String),
    #[component(name = "blob")]
    Blob(Vec<u8>),
    #[component(name = "null")]
    Null,
}

#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(record)]
struct Row {
    values: Vec<Value>,
}

type Rows = (Vec<String>, StreamReader<Row>, FutureReader<Result<(), Error>>);

/// Gives a component the interface, as far as `spin-sdk` uses it.
///
/// # Errors
/// A name is taken.
pub fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("spin:sqlite/sqlite@3.1.0")?;
    interface.resource("connection", ResourceType::host::<Connection>(), |mut store, connection| {
        store.data_mut().table.delete(Resource::<Connection>::new_own(connection))?;
        Ok(())
    })?;
    interface.func_wrap_concurrent("[static]connection.open-async", |accessor, (label,): (String,)| {
        Box::pin(open(accessor, label))
    })?;
    interface.func_wrap_concurrent("[method]connection.execute-async", |accessor, (connection, sql, parameters)| {
        Box::pin(execute(accessor, connection, sql, parameters))
    })?;
    interface.func_wrap_concurrent(
        "[method]connection.last-insert-rowid-async",
        |accessor, (connection,): (Resource<Connection>,)| {
            let connection = shared(accessor, &connection);
            Box::pin(async move { Ok((connection?.with(rusqlite::Connection::last_insert_rowid)?,)) })
        },
    )?;
    interface.func_wrap_concurrent(
        "[method]connection.changes-async",
        |accessor, (connection,): (Resource<Connection>,)| {
            let connection = shared(accessor, &connection);
            Box::pin(async move { Ok((connection?.with(rusqlite::Connection::changes)?,)) })
        },
    )
}

async fn open(accessor: &Accessor<State>, label: String) -> wasmtime::Result<(Result<Resource<Connection>, Error>,)> {
    let file = accessor.with(|mut access| access.get().component.databases.get(&label).cloned());
    let Some(file) = file else {
        return Ok((Err(Error::AccessDenied),));
    };
    let connection = Connection(Arc::new(Lazy { file, opened: Mutex::new(None) }));
    Ok((Ok(accessor.with(|mut access| access.get().table.push(connection))?),))
}

async fn execute(
    accessor: &Accessor<State>,
    connection: Resource<Connection>,
    sql: String,
    parameters: Vec<Value>,
) -> wasmtime::Result<(Result<Rows, Error>,)> {
    let connection = shared(accessor, &connection)?;
    let gate = accessor.with(|mut access| access.get().gate.clone());
    gate.pass().await?;
    let run = move || connection.with(|connection| run(connection, &sql, parameters));
    let (columns, rows, outcome) = match tokio::task::spawn_blocking(run).await? {
        Ok(run) => run,
        Err(error) => return Ok((Err(io(&error)),)),
    };
    accessor.with(|mut access| {
        let rows = StreamReader::new(&mut access, rows)?;
        let outcome = FutureReader::new(&mut access, async move { wasmtime::error::Ok(outcome) })?;
        Ok((Ok((columns, rows, outcome)),))
    })
}

/// Columns, rows, and what went wrong after them.
fn run(
    connection: &rusqlite::Connection,
    sql: &str,
    parameters: Vec<Value>,
) -> (Vec<String>, Vec<Row>, Result<(), Error>) {
    let (mut columns, mut found) = (Vec::new(), Vec::new());
    let attempt = || -> Result<(), rusqlite::Error> {
        let mut statement = connection.prepare_cached(sql)?;
        columns = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query(rusqlite::params_from_iter(parameters.into_iter().map(SqlValue::from)))?;
        while let Some(row) = rows.next()? {
            let values = (0..columns.len()).map(|column| Ok(Value::from(row.get_ref(column)?)));
            found.push(Row { values: values.collect::<Result<_, rusqlite::Error>>()? });
        }
        Ok(())
    };
    let outcome = attempt().map_err(|error| io(&error));
    (columns, found, outcome)
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

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

fn io(error: &rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

fn shared(accessor: &Accessor<State>, connection: &Resource<Connection>) -> wasmtime::Result<Shared> {
    accessor.with(|mut access| Ok(access.get().table.get(connection)?.0.clone()))
}
