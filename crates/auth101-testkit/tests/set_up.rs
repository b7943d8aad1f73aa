//! A database that lacks a table or a column is told to its operator by name, and to nobody else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "databases/mod.rs"]
mod databases;

use auth101_core::{
    event::{Event, Fault},
    port::StoreError,
    problem::{Cause, Problem},
};
use auth101_sql::{Dialect, Entities, SqlStore};
use auth101_testkit::service::{self, PASSWORD, Service};
use databases::{Database, entities, on_each_dialect};
use serde_json::json;

on_each_dialect! {
    a_missing_table_is_named
    a_missing_column_is_named
    a_missing_table_is_named_as_the_configuration_names_it
}

fn faults(service: &Service<SqlStore<Database>>) -> Vec<Fault> {
    let faults = service.observer.take().into_iter().filter_map(|event| match event {
        Event::Fault(fault) => Some(fault),
        _ => None,
    });
    faults.collect()
}

/// The table's own name, whatever the database puts before it.
fn lacks(fault: &Fault) -> (&'static str, String) {
    let own = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    match fault {
        Fault::Store(StoreError::NotSetUp(Problem { cause: Cause::MissingTable, subject })) => ("table", own(subject)),
        Fault::Store(StoreError::NotSetUp(Problem { cause: Cause::MissingColumn, subject })) => {
            ("column", own(subject))
        }
        other => panic!("{other:?}"),
    }
}

fn assert_sign_up_lacks(database: &Database, entities: &Entities, what: &'static str, name: &str) {
    let service = database.service_for(entities, |_| ());
    let answer = service.send(service::sign_up("bob@example.com", PASSWORD));
    assert_eq!((answer.status, answer.code().as_str()), (500, "INTERNAL_ERROR"), "{name}");
    assert!(!answer.text().contains(name), "{}", answer.text());
    let faults = faults(&service);
    assert_eq!(faults.iter().map(lacks).collect::<Vec<_>>(), [(what, name.to_owned())]);
}

fn a_missing_table_is_named(dialect: Dialect) {
    for table in ["users", "account", "session"] {
        let database = Database::migrated(dialect);
        database.run(&[format!("DROP TABLE {table}")]);
        assert_sign_up_lacks(&database, &Entities::default(), "table", table);
    }
}

fn a_missing_column_is_named(dialect: Dialect) {
    for (table, column) in [("users", "image"), ("account", "password"), ("session", "ip_address")] {
        let database = Database::migrated(dialect);
        database.run(&[format!("ALTER TABLE {table} DROP COLUMN {column}")]);
        assert_sign_up_lacks(&database, &Entities::default(), "column", column);
    }
}

fn a_missing_table_is_named_as_the_configuration_names_it(dialect: Dialect) {
    let entities = entities(&json!({"session": {"model_name": "Log_ins"}}));
    let database = Database::with(dialect, &entities);
    database.run(&[match dialect {
        Dialect::MySql => "DROP TABLE `Log_ins`",
        _ => "DROP TABLE \"Log_ins\"",
    }]);
    assert_sign_up_lacks(&database, &entities, "table", "Log_ins");
}
