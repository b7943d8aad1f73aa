//! The store suite over SQLite in this process.

use auth101_sql::{Dialect, SqlStore};
use auth101_testkit::{
    executor::block_on, fixture::sql_store, mount_store_suite, rusqlite::RusqliteDriver, sql_tables::SqlTables,
};

fn fixture() -> (SqlStore<RusqliteDriver>, SqlTables<RusqliteDriver>) {
    let driver = RusqliteDriver::migrated();
    (sql_store(driver.clone()), SqlTables::new(driver, Dialect::Sqlite))
}

mount_store_suite!(block_on, fixture());

/// As a runtime without a test harness of its own runs it.
#[test]
fn the_suite_also_runs_inside_one_async_function() {
    let mut passed = Vec::new();
    block_on(async {
        auth101_testkit::run_store_suite!(async { fixture() }, |claim| passed.push(claim));
    });
    assert!(passed.len() > 30 && passed.contains(&"expiry_is_exact_to_the_tick"), "{passed:?}");
}
