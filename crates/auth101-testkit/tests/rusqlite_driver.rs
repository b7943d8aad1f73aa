//! The driver suite over SQLite in this process.

use auth101_sql::Dialect;
use auth101_testkit::{executor::block_on, mount_driver_suite, rusqlite::RusqliteDriver};

mount_driver_suite!(block_on, (RusqliteDriver::empty(), Dialect::Sqlite));

/// As a runtime without a test harness of its own runs it.
#[test]
fn the_suite_also_runs_inside_one_async_function() {
    let mut passed = Vec::new();
    block_on(async {
        auth101_testkit::run_driver_suite!(async { (RusqliteDriver::empty(), Dialect::Sqlite) }, |claim| {
            passed.push(claim);
        });
    });
    assert!(passed.len() > 14 && passed.contains(&"null_and_empty_text_differ"), "{passed:?}");
}
