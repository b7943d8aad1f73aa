//! The service over each store, with the tables behind it.

use crate::{executor::block_on, memory::MemoryStore, service::Service, tables::Tables};
use auth101_core::domain::identifier::UserId;
#[cfg(feature = "rusqlite")]
use {
    crate::{rusqlite::RusqliteDriver, sql_tables::SqlTables},
    auth101_sql::{Dialect, Entities, SqlDriver, SqlStore, Statements},
    std::rc::Rc,
};

/// The address that these tests sign up.
pub const EMAIL: &str = "ada@example.com";

/// Over the store in memory.
#[must_use]
pub fn memory() -> (Service<MemoryStore>, MemoryStore) {
    let memory = MemoryStore::default();
    (Service::new(memory.clone()), memory)
}

/// Over the product's SQL, on SQLite in memory.
#[cfg(feature = "rusqlite")]
#[must_use]
pub fn sql() -> (Service<SqlStore<RusqliteDriver>>, SqlTables<RusqliteDriver>) {
    let driver = RusqliteDriver::migrated();
    (Service::new(sql_store(driver.clone())), SqlTables::new(driver, Dialect::Sqlite))
}

/// The product's SQL over a SQLite connection.
#[cfg(feature = "rusqlite")]
#[must_use]
pub fn sql_store<D: SqlDriver>(driver: D) -> SqlStore<D> {
    SqlStore::new(driver, Rc::new(Statements::new(Dialect::Sqlite, &Entities::default())))
}

/// How many rows `users`, `account` and `session` have.
pub fn counts(tables: &impl Tables) -> (usize, usize, usize) {
    block_on(async { (tables.users().await.len(), tables.accounts().await.len(), tables.sessions().await.len()) })
}

/// The first user.
pub fn only_user(tables: &impl Tables) -> UserId {
    block_on(tables.users())[0].id.clone()
}
