//! The service over the product's SQL, on a SQLite database in memory that gives way, fails and errs as told.

use crate::{
    executor::block_on,
    faulty::{FaultyDriver, never},
    mutation::{MutatedDriver, Mutation},
    rusqlite::RusqliteDriver,
    service::Service,
    sql_tables::SqlTables,
    tables::Tables,
};
use auth101_core::domain::{identifier::UserId, session::Session};
use auth101_sql::{Dialect, Entities, SqlDriver, SqlStore, Statements};
use std::rc::Rc;

/// The address that these tests sign up.
pub const EMAIL: &str = "ada@example.com";

/// SQLite in memory, behind a network, with a mutation or none.
pub type FakeDriver = MutatedDriver<FaultyDriver<RusqliteDriver>>;

/// A service, the driver under it, and the tables behind both. The tables answer at once: nothing comes in between.
pub struct World {
    /// The service.
    pub service: Service<SqlStore<FakeDriver>>,
    /// The tables.
    pub tables: SqlTables<RusqliteDriver>,
    /// The driver.
    pub driver: FakeDriver,
}

impl World {
    /// Over empty tables.
    #[must_use]
    pub fn new(mutation: Option<Mutation>) -> Self {
        let sqlite = RusqliteDriver::migrated();
        let tables = SqlTables::new(sqlite.clone(), Dialect::Sqlite);
        let driver = MutatedDriver::new(FaultyDriver::new(sqlite, never()), mutation);
        Self { service: Service::new(sql_store(driver.clone())), tables, driver }
    }

    /// The rows of `session`.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        block_on(self.tables.sessions()).into_iter().map(|row| row.session).collect()
    }
}

/// The service as it should be, and its tables.
#[must_use]
pub fn sql() -> (Service<SqlStore<FakeDriver>>, SqlTables<RusqliteDriver>) {
    let World { service, tables, .. } = World::new(None);
    (service, tables)
}

/// The product's SQL over a driver of SQLite's.
pub fn sql_store<D: SqlDriver>(driver: D) -> SqlStore<D> {
    thread_local! {
        static STATEMENTS: Rc<Statements> = Rc::new(Statements::new(Dialect::Sqlite, &Entities::default()));
    }
    SqlStore::new(driver, STATEMENTS.with(Rc::clone))
}

/// How many rows `users`, `account` and `session` have.
pub fn counts(tables: &impl Tables) -> (usize, usize, usize) {
    block_on(async { (tables.users().await.len(), tables.accounts().await.len(), tables.sessions().await.len()) })
}

/// The first user.
pub fn only_user(tables: &impl Tables) -> UserId {
    block_on(tables.users())[0].id.clone()
}
