//! The driver suite over SQLite in this process.

use auth101_sql::Dialect;
use auth101_testkit::{executor::block_on, mount_driver_suite, rusqlite::RusqliteDriver};
use std::time::Duration;

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

/// One that took the lock with its first write could meet another writer half-way, and would then fail at once, however long
/// the busy time-out is.
#[test]
fn a_transaction_takes_the_write_lock_when_it_begins() {
    let path = std::env::temp_dir().join(format!("auth101-lock-{}.db", std::process::id()));
    let [first, second] = [(); 2].map(|()| rusqlite::Connection::open(&path).unwrap());
    second.busy_timeout(Duration::ZERO).unwrap();
    for statement in Dialect::Sqlite.begin() {
        first.execute_batch(statement).unwrap();
    }
    let refused = second.execute_batch("BEGIN IMMEDIATE").unwrap_err();
    drop(first);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(refused.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy));
}
