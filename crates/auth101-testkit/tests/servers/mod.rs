//! One server a product for all tests of a file, with a database for each.

#![allow(dead_code, reason = "each file of tests uses the part that it needs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use auth101_sql::{Dialect, Entities, SqlDriver, Statement, Statements, schema};
use auth101_testkit::{
    executor::block_on,
    servers::{Product, Server},
};
use std::{rc::Rc, sync::OnceLock};

pub(crate) fn postgres() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(Product::Postgres))
}

pub(crate) fn mariadb() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(Product::MariaDb))
}

fn start(product: Product) -> Server {
    Server::start(product).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn statements(dialect: Dialect) -> Rc<Statements> {
    Rc::new(Statements::new(dialect, &Entities::default()))
}

/// The driver, once its database has the tables.
pub(crate) fn migrated<D: SqlDriver>(driver: D, dialect: Dialect) -> D {
    let tables = schema::create_statements(dialect, &Entities::default());
    let batch: Vec<Statement<'_>> = tables.iter().map(|sql| Statement { sql, parameters: Vec::new() }).collect();
    block_on(driver.batch(&batch)).unwrap();
    driver
}
