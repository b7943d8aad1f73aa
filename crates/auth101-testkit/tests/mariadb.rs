//! The suites over a real MariaDB server.

#[path = "servers/mod.rs"]
mod servers;

use auth101_sql::{Dialect, SqlStore};
use auth101_testkit::{
    executor::block_on, mount_driver_suite, mount_store_suite, mysql::MySqlDriver, sql_tables::SqlTables,
};
use servers::{mariadb, migrated, statements};

mod driver {
    use super::*;
    mount_driver_suite!(block_on, (MySqlDriver::new(&mariadb().database(), 4), Dialect::MySql));
}

mod store {
    use super::*;

    fn fixture() -> (SqlStore<MySqlDriver>, SqlTables<MySqlDriver>) {
        let driver = migrated(MySqlDriver::new(&mariadb().database(), 4), Dialect::MySql);
        let store = SqlStore::new(driver.clone(), statements(Dialect::MySql));
        (store, SqlTables::new(driver, Dialect::MySql))
    }

    mount_store_suite!(block_on, fixture());
}
