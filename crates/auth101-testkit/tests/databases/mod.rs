//! A database of each dialect, for tests that look at one after the other.

#![allow(dead_code, reason = "each file of tests uses the part that it needs")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../servers/mod.rs"]
pub(crate) mod servers;

use auth101_core::{Options, config::EntityOptions};
use auth101_sql::{Dialect, Entities, Outcome, Row, SqlDriver, SqlError, SqlStore, Statement, Statements, schema};
use auth101_testkit::{
    clock, executor::block_on, rusqlite::RusqliteDriver, server_driver::ServerDriver, service::Service,
    sql_tables::SqlTables,
};
use serde_json::Value;
use std::{rc::Rc, time::Duration};

/// Makes a test of each claim in each dialect.
#[allow(unused_macros, reason = "each file of tests uses the part that it needs")]
macro_rules! on_each_dialect {
    ($($claim:ident)*) => {
        mod sqlite {
            $(#[test] fn $claim() { super::$claim(auth101_sql::Dialect::Sqlite); })*
        }
        mod postgres {
            $(#[test] fn $claim() { super::$claim(auth101_sql::Dialect::Postgres); })*
        }
        mod mariadb {
            $(#[test] fn $claim() { super::$claim(auth101_sql::Dialect::MySql); })*
        }
    };
}
#[allow(unused_imports, reason = "each file of tests uses the part that it needs")]
pub(crate) use on_each_dialect;

/// A database of any dialect.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(RusqliteDriver),
    Server(ServerDriver),
}

impl Database {
    /// Without tables.
    pub(crate) fn empty(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self::Sqlite(RusqliteDriver::empty()),
            Dialect::Postgres => Self::Server(servers::postgres().driver(2)),
            Dialect::MySql => Self::Server(servers::mariadb().driver(2)),
        }
    }

    /// With every table of these entities, whoever's they are.
    pub(crate) fn with(dialect: Dialect, entities: &Entities) -> Self {
        let database = Self::empty(dialect);
        database.run(&schema::create_all_statements(dialect, entities));
        database
    }

    pub(crate) fn migrated(dialect: Dialect) -> Self {
        Self::with(dialect, &Entities::default())
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Server(driver) => driver.dialect(),
        }
    }

    /// Runs statements past every rule.
    pub(crate) fn run(&self, statements: &[impl AsRef<str>]) {
        for statement in statements.iter().map(AsRef::as_ref) {
            match self {
                Self::Sqlite(driver) => driver.execute(statement),
                Self::Server(driver) => driver.execute(&[statement]).unwrap(),
            }
        }
    }

    pub(crate) fn service(&self) -> Service<SqlStore<Self>> {
        self.service_for(&Entities::default(), |_| ())
    }

    pub(crate) fn service_for(
        &self,
        entities: &Entities,
        change: impl FnOnce(&mut Options),
    ) -> Service<SqlStore<Self>> {
        let statements = Rc::new(Statements::new(self.dialect(), entities));
        Service::with(SqlStore::new(self.clone(), statements), change)
    }

    pub(crate) fn tables(&self) -> SqlTables<Self> {
        SqlTables::new(self.clone(), self.dialect())
    }

    /// The rows of a query that takes no parameters.
    pub(crate) fn query(&self, sql: &str) -> Vec<Row> {
        block_on(self.batch(&[Statement { sql, parameters: Vec::new() }])).unwrap().remove(0).rows
    }
}

impl SqlDriver for Database {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        match self {
            Self::Sqlite(driver) => driver.batch_within(statements, limit).await,
            Self::Server(driver) => driver.batch_within(statements, limit).await,
        }
    }

    fn elapsed(&self) -> Duration {
        clock::elapsed()
    }
}

/// The names of a configuration.
pub(crate) fn entities(options: &Value) -> Entities {
    let object = |name: &str| options.get(name).and_then(Value::as_object).cloned();
    Entities::new(&EntityOptions {
        user: object("user"),
        user_field_mapping: object("user_field_mapping"),
        session: object("session"),
        account: object("account"),
        verification: object("verification"),
    })
    .unwrap()
}
