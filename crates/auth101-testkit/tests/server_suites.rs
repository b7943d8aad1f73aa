//! The suites over real servers.

#[path = "servers/mod.rs"]
mod servers;

use auth101_sql::{Dialect, SqlStore};
use auth101_testkit::{
    executor::block_on, mount_driver_suite, mount_store_suite, server_driver::ServerDriver, servers::Product,
    sql_tables::SqlTables,
};
use servers::{World, shared, statements};

fn driver(product: Product) -> (ServerDriver, Dialect) {
    let driver = ServerDriver::new(&shared(product).database(), 4);
    let dialect = driver.dialect();
    (driver, dialect)
}

fn store(product: Product) -> (SqlStore<ServerDriver>, SqlTables<ServerDriver>) {
    let world = World::new(product, 4);
    (SqlStore::new(world.driver.clone(), statements(world.driver.dialect())), world.tables())
}

macro_rules! mount_on {
    ($module:ident, $product:expr) => {
        mod $module {
            use super::*;

            mod driver_suite {
                use super::*;
                mount_driver_suite!(block_on, driver($product));
            }

            mod store_suite {
                use super::*;
                mount_store_suite!(block_on, store($product));
            }
        }
    };
}

mount_on!(postgres, Product::Postgres);
mount_on!(mariadb, Product::MariaDb);
