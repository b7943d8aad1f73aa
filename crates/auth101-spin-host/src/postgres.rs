//! `spin:postgres/postgres@4.2.0`, over connections that are handed on as they were left.

pub mod pool;
mod value;

use crate::state::State;
use pool::Lease;
use std::sync::Arc;
use tokio_postgres::{Config, config::Host, types::ToSql};
use value::{Column, Parameter, Value};
use wasmtime::component::{
    Accessor, ComponentType, FutureReader, Lift, Linker, Lower, Resource, ResourceType, StreamReader,
};

/// A connection that an instance holds. Dropped, it goes back to the pool, whatever is open on it.
struct Connection(Arc<Lease>);

#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "connection-failed")]
    ConnectionFailed(String),
    #[component(name = "bad-parameter")]
    BadParameter(String),
    #[component(name = "query-failed")]
    QueryFailed(QueryError),
    #[component(name = "value-conversion-failed")]
    ValueConversionFailed(String),
    #[component(name = "other")]
    Other(String),
}

#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
enum QueryError {
    #[component(name = "text")]
    Text(String),
    #[component(name = "db-error")]
    DbError(DbError),
}

#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(record)]
struct DbError {
    #[component(name = "as-text")]
    as_text: String,
    severity: String,
    code: String,
    message: String,
    detail: Option<String>,
    extras: Vec<(String, String)>,
}

type Rows = (Vec<Column>, StreamReader<Vec<Value>>, FutureReader<Result<(), Error>>);

/// Gives a component the interface, as far as `spin-sdk` uses it.
///
/// # Errors
/// A name is taken.
pub fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("spin:postgres/postgres@4.2.0")?;
    interface.resource("connection", ResourceType::host::<Connection>(), |mut store, connection| {
        store.data_mut().table.delete(Resource::<Connection>::new_own(connection))?;
        Ok(())
    })?;
    interface.func_wrap_concurrent("[static]connection.open-async", |accessor, (address,): (String,)| {
        Box::pin(open(accessor, address))
    })?;
    interface.func_wrap_concurrent("[method]connection.query-async", |accessor, (connection, sql, parameters)| {
        Box::pin(query(accessor, connection, sql, parameters))
    })?;
    interface.func_wrap_concurrent("[method]connection.execute-async", |accessor, (connection, sql, parameters)| {
        Box::pin(execute(accessor, connection, sql, parameters))
    })
}

async fn open(accessor: &Accessor<State>, address: String) -> wasmtime::Result<(Result<Resource<Connection>, Error>,)> {
    let (grants, pools) = accessor.with(|mut access| {
        let state = access.get();
        (state.component.clone(), state.pools.clone())
    });
    // The address holds a password: what is said of it names the host and the port at most. Components know a wrong one
    // by the parser's own words, which are what Spin gives them.
    let config = match address.parse::<Config>() {
        Ok(config) => config,
        Err(error) => return Ok((Err(Error::ConnectionFailed(error.to_string())),)),
    };
    if config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_))) {
        return Ok((Err(Error::ConnectionFailed("Unix sockets cannot be reached from a component".to_owned())),));
    }
    for (host, port) in hosts(&config) {
        if !grants.outbound.iter().any(|allowed| allowed.allows("postgres", &host, port)) {
            // Components know it by its end, which is Spin's.
            let denied = format!("address postgres://{host}:{port} is not permitted");
            return Ok((Err(Error::ConnectionFailed(denied)),));
        }
    }
    Ok((match pools.lease(&address, config).await {
        Ok(lease) => Ok(accessor.with(|mut access| access.get().table.push(Connection(Arc::new(lease))))?),
        Err(error) => Err(Error::ConnectionFailed(format!("{error:?}"))),
    },))
}

/// Where a connection string leads.
fn hosts(config: &Config) -> Vec<(String, u16)> {
    let ports = config.get_ports();
    let port = |position: usize| ports.get(position).or(ports.first()).copied().unwrap_or(5432);
    let name = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    };
    config.get_hosts().iter().enumerate().map(|(position, host)| (name(host), port(position))).collect()
}

async fn query(
    accessor: &Accessor<State>,
    connection: Resource<Connection>,
    sql: String,
    parameters: Vec<Parameter>,
) -> wasmtime::Result<(Result<Rows, Error>,)> {
    let lease = pass(accessor, &connection).await?;
    let found = async {
        let parameters = prepare_parameters(&parameters).map_err(Error::BadParameter)?;
        let statement = lease.prepare(&sql).await.map_err(failed)?;
        let rows = lease.query(&statement, &references(&parameters)).await.map_err(failed)?;
        let columns: Vec<Column> = statement.columns().iter().map(Column::from).collect();
        let converted = rows.iter().map(value::row).collect::<Result<Vec<_>, _>>();
        Ok((columns, converted.map_err(|error| Error::ValueConversionFailed(error.to_string()))?))
    };
    match found.await {
        Ok((columns, rows)) => accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            let outcome = FutureReader::new(&mut access, async move { wasmtime::error::Ok(Ok(())) })?;
            Ok((Ok((columns, rows, outcome)),))
        }),
        Err(error) => Ok((Err(error),)),
    }
}

async fn execute(
    accessor: &Accessor<State>,
    connection: Resource<Connection>,
    sql: String,
    parameters: Vec<Parameter>,
) -> wasmtime::Result<(Result<u64, Error>,)> {
    let lease = pass(accessor, &connection).await?;
    let parameters = match prepare_parameters(&parameters) {
        Ok(parameters) => parameters,
        Err(error) => return Ok((Err(Error::BadParameter(error)),)),
    };
    Ok((lease.execute(&sql, &references(&parameters)).await.map_err(failed),))
}

/// The connection, once the statement may run.
async fn pass(accessor: &Accessor<State>, connection: &Resource<Connection>) -> wasmtime::Result<Arc<Lease>> {
    let (lease, gate) = accessor.with(|mut access| {
        let state = access.get();
        wasmtime::error::Ok((state.table.get(connection)?.0.clone(), state.gate.clone()))
    })?;
    gate.pass().await?;
    Ok(lease)
}

type Prepared = Box<dyn ToSql + Send + Sync>;

fn prepare_parameters(parameters: &[Parameter]) -> Result<Vec<Prepared>, String> {
    parameters.iter().map(value::parameter).collect()
}

fn references(parameters: &[Prepared]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync)).collect()
}

fn failed(error: tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    Error::QueryFailed(match error.as_db_error() {
        None => QueryError::Text(as_text),
        Some(told) => {
            let extras = [("constraint", told.constraint()), ("table", told.table()), ("column", told.column())];
            let extras = extras.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
            QueryError::DbError(DbError {
                as_text,
                severity: told.severity().to_owned(),
                code: told.code().code().to_owned(),
                message: told.message().to_owned(),
                detail: told.detail().map(str::to_owned),
                extras: extras.collect(),
            })
        }
    })
}
