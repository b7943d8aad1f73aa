//! The store suite over SQLite in this process.

use auth101_core::domain::session::{NewSession, Session};
use auth101_sql::{Dialect, SqlStore};
use auth101_testkit::{
    executor::block_on,
    fixture::sql_store,
    mount_store_suite,
    rusqlite::RusqliteDriver,
    sample::{horizon, later, session, start},
    sql_tables::SqlTables,
    store_suite,
    tables::Tables,
};

fn fixture() -> (SqlStore<RusqliteDriver>, SqlTables<RusqliteDriver>) {
    let driver = RusqliteDriver::migrated();
    (sql_store(driver.clone()), SqlTables::new(driver, Dialect::Sqlite))
}

mount_store_suite!(block_on, fixture());

/// A purge is several statements, each of which removes at most a thousand rows.
#[test]
fn r08_a_purge_goes_on_until_nothing_is_over() {
    let (store, tables) = fixture();
    let now = later(start(), 1_000_000);
    block_on(async {
        for number in 0..2_500 {
            let NewSession { session, client } = session(&format!("{number}"), "ada", start());
            let expires_at = if number == 0 { later(now, 1_000_000) } else { now };
            tables.put_session(&NewSession { session: Session { expires_at, ..session }, client }).await;
        }
        assert_eq!(store_suite::purge(&store, horizon(now)).await, Ok(2_499));
        assert_eq!(tables.sessions().await.len(), 1);
    });
}

/// As a runtime without a test harness of its own runs it.
#[test]
fn the_suite_also_runs_inside_one_async_function() {
    let mut passed = Vec::new();
    block_on(async {
        auth101_testkit::run_store_suite!(async { fixture() }, |claim| passed.push(claim));
    });
    assert!(passed.len() > 30 && passed.contains(&"expiry_is_exact_to_the_tick"), "{passed:?}");
}
