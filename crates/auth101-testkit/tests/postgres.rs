//! The suites over a real PostgreSQL server.

#[path = "servers/mod.rs"]
mod servers;

use auth101_sql::{Dialect, SqlStore};
use auth101_testkit::{
    executor::block_on, mount_driver_suite, mount_store_suite, postgres::PostgresDriver, sql_tables::SqlTables,
};
use servers::{migrated, postgres, statements};

mod driver {
    use super::*;
    mount_driver_suite!(block_on, (PostgresDriver::new(&postgres().database(), 4), Dialect::Postgres));
}

mod store {
    use super::*;

    fn fixture() -> (SqlStore<PostgresDriver>, SqlTables<PostgresDriver>) {
        let driver = migrated(PostgresDriver::new(&postgres().database(), 4), Dialect::Postgres);
        let store = SqlStore::new(driver.clone(), statements(Dialect::Postgres));
        (store, SqlTables::new(driver, Dialect::Postgres))
    }

    mount_store_suite!(block_on, fixture());
}
