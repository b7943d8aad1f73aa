//! `spin:postgres/postgres@4.2.0`.

use crate::{
    interface::postgres::{
        Column, DbDataType, DbError, DbValue, Error, Host, HostConnection, HostConnectionWithStore, ParameterValue,
        QueryError,
    },
    state::State,
};
use bytes::BytesMut;
use deadpool_postgres::Object;
use std::{error::Error as StdError, sync::Arc};
use tokio_postgres::{
    Config,
    config::Host as Server,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};
use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

/// A connection that an instance holds. Dropped, it goes back to the pool, whatever is open on it.
#[allow(unreachable_pub, reason = "generated code re-exports it")]
pub struct Connection(Arc<Object>);

type Rows = (Vec<Column>, StreamReader<Vec<DbValue>>, FutureReader<Result<(), Error>>);

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
        address: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let (grants, pools) = accessor.with(|mut access| {
            let state = access.get();
            (state.component.clone(), state.pools.clone())
        });
        // Components know mistakes by these words, which are Spin's.
        let config = match address.parse::<Config>() {
            Ok(config) => config,
            Err(error) => return Ok(Err(Error::ConnectionFailed(error.to_string()))),
        };
        for (position, server) in config.get_hosts().iter().enumerate() {
            let Server::Tcp(host) = server else {
                let said = "Unix sockets are not supported on WebAssembly";
                return Ok(Err(Error::ConnectionFailed(said.to_owned())));
            };
            let ports = config.get_ports();
            let port = ports.get(position).or(ports.first()).copied().unwrap_or(5432);
            if !grants.outbound.iter().any(|allowed| allowed.allows("postgres", host, port)) {
                let denied = format!("address postgres://{host}:{port} is not permitted");
                return Ok(Err(Error::ConnectionFailed(denied)));
            }
        }
        Ok(match pools.connect(&address, config).await {
            Ok(client) => Ok(accessor.with(|mut access| access.get().table.push(Connection(Arc::new(client))))?),
            Err(error) => Err(Error::ConnectionFailed(format!("{error:?}"))),
        })
    }

    async fn query_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        sql: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<Rows, Error>> {
        let client = pass(accessor, &connection).await?;
        let found = async {
            let parameters = bound(&parameters).ok_or_else(unbound)?;
            let rows = client.query(&sql, &references(&parameters)).await.map_err(failed)?;
            let columns = rows.first().map(|row| row.columns().iter().map(column).collect()).unwrap_or_default();
            Ok((columns, rows.iter().map(values).collect::<Result<Vec<_>, _>>().map_err(failed)?))
        };
        match found.await {
            Ok((columns, rows)) => accessor.with(|mut access| {
                let rows = StreamReader::new(&mut access, rows)?;
                let outcome = FutureReader::new(&mut access, async { wasmtime::error::Ok(Ok(())) })?;
                Ok(Ok((columns, rows, outcome)))
            }),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        sql: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let client = pass(accessor, &connection).await?;
        Ok(match bound(&parameters) {
            Some(parameters) => client.execute(&sql, &references(&parameters)).await.map_err(failed),
            None => Err(unbound()),
        })
    }
}

/// The connection, once the statement may run.
async fn pass<T: 'static>(
    accessor: &Accessor<T, HasSelf<State>>,
    connection: &Resource<Connection>,
) -> wasmtime::Result<Arc<Object>> {
    let (client, gate) = accessor.with(|mut access| {
        let state = access.get();
        wasmtime::error::Ok((state.table.get(connection)?.0.clone(), state.gate.clone()))
    })?;
    gate.pass().await?;
    Ok(client)
}

type Bound = Box<dyn ToSql + Send + Sync>;

/// What the parameters bind, unless there is one of a type that no component here binds.
fn bound(parameters: &[ParameterValue]) -> Option<Vec<Bound>> {
    let one = |parameter: &ParameterValue| {
        Some(match parameter {
            ParameterValue::Boolean(value) => Box::new(*value) as Bound,
            ParameterValue::Int64(value) => Box::new(*value),
            ParameterValue::Str(value) => Box::new(value.clone()),
            ParameterValue::DbNull => Box::new(Null),
            _ => return None,
        })
    };
    parameters.iter().map(one).collect()
}

fn unbound() -> Error {
    Error::BadParameter("this host binds no parameters of that type".to_owned())
}

fn references(parameters: &[Bound]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync)).collect()
}

fn column(column: &tokio_postgres::Column) -> Column {
    Column { name: column.name().to_owned(), data_type: DbDataType::Other(column.type_().name().to_owned()) }
}

fn values(row: &tokio_postgres::Row) -> Result<Vec<DbValue>, tokio_postgres::Error> {
    let value = |position| Ok(row.try_get::<_, Option<Found>>(position)?.map_or(DbValue::DbNull, |Found(value)| value));
    (0..row.len()).map(value).collect()
}

fn failed(error: tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    Error::QueryFailed(match error.as_db_error() {
        None => QueryError::Text(as_text),
        Some(told) => QueryError::DbError(DbError {
            as_text,
            severity: told.severity().to_owned(),
            code: told.code().code().to_owned(),
            message: told.message().to_owned(),
            detail: told.detail().map(str::to_owned),
            extras: told.constraint().map(|name| ("constraint".to_owned(), name.to_owned())).into_iter().collect(),
        }),
    })
}

/// NULL, whatever type the statement gives it.
#[derive(Debug)]
struct Null;

impl ToSql for Null {
    fn to_sql(&self, _: &Type, _: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        Ok(IsNull::Yes)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value of a row.
struct Found(DbValue);

impl<'a> FromSql<'a> for Found {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(match *kind {
            Type::BOOL => DbValue::Boolean(FromSql::from_sql(kind, raw)?),
            Type::INT2 => DbValue::Int16(FromSql::from_sql(kind, raw)?),
            Type::INT4 => DbValue::Int32(FromSql::from_sql(kind, raw)?),
            Type::INT8 => DbValue::Int64(FromSql::from_sql(kind, raw)?),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbValue::Str(FromSql::from_sql(kind, raw)?),
            _ => DbValue::Unsupported(raw.to_vec()),
        }))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
