//! What a database lacks is found, named, and mended by the statement that is offered.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "databases/mod.rs"]
mod databases;

use auth101_sql::{
    Dialect, Entities,
    compare::{Difference, compare},
    schema,
};
use auth101_testkit::{executor::block_on, fixture::EMAIL};
use databases::{Database, entities, on_each_dialect};
use serde_json::json;

on_each_dialect! {
    a_migrated_database_differs_in_nothing
    a_database_under_other_names_differs_in_nothing
    a_missing_table_is_found_and_mended
    a_missing_column_is_found_and_mended
    a_missing_unique_index_is_found_and_mended
    a_missing_plain_index_is_advice
    an_index_that_does_not_hold_for_every_row_is_not_enough
    a_wrong_type_is_found
    a_short_column_is_found_and_mended
    a_foreign_column_that_needs_a_value_is_found
    foreign_columns_that_need_no_value_are_tolerated
    a_users_table_of_the_hosts_without_unique_index_is_refused
}

fn differences(database: &Database, entities: &Entities) -> Vec<Difference> {
    block_on(compare(database, database.dialect(), entities)).unwrap()
}

/// The only difference.
fn difference(database: &Database) -> Difference {
    let mut found = differences(database, &Entities::default());
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Does as the difference says, and the database is as it should be: also for a sign-up.
fn mend(database: &Database, difference: &Difference) {
    let remedy = difference.remedy.as_ref().unwrap();
    assert!(difference.to_string().ends_with(&format!("; mend it with: {remedy};")), "{difference}");
    database.run(&remedy.split("; ").collect::<Vec<_>>());
    assert_eq!(differences(database, &Entities::default()), []);
    database.service().signed_up(EMAIL);
}

fn drop_index(dialect: Dialect, table: &str, column: &str) -> String {
    match dialect {
        Dialect::MySql => format!("ALTER TABLE {table} DROP INDEX ix_{table}_{column}"),
        Dialect::Sqlite | Dialect::Postgres => format!("DROP INDEX ix_{table}_{column}"),
    }
}

/// A database whose tables are written a little differently.
fn altered(dialect: Dialect, from: &str, to: &str) -> Database {
    let database = Database::empty(dialect);
    let tables = schema::create_statements(dialect, &Entities::default());
    assert!(tables.iter().any(|sql| sql.contains(from)), "{from}");
    database.run(&tables.iter().map(|sql| sql.replacen(from, to, 1)).collect::<Vec<_>>());
    database
}

fn quoted(dialect: Dialect, name: &str) -> String {
    if dialect == Dialect::MySql { format!("`{name}`") } else { format!("\"{name}\"") }
}

fn a_migrated_database_differs_in_nothing(dialect: Dialect) {
    assert_eq!(differences(&Database::migrated(dialect), &Entities::default()), []);
}

fn a_database_under_other_names_differs_in_nothing(dialect: Dialect) {
    let entities = entities(&json!({
        "user": {"model_name": "Members", "fields": {"email": "Mail_Address", "is_active": "enabled"}},
        "session": {"model_name": "order", "fields": {"token": "select", "user_id": "member"}},
        "account": {"model_name": "user"},
        "verification": {"model_name": "checks"},
    }));
    let database = Database::with(dialect, &entities);
    assert_eq!(differences(&database, &entities), []);
    let service = database.service_for(&entities, |_| ());
    let tokens = service.signed_up(EMAIL);
    assert_eq!(service.refresh(&tokens.refresh).status, 200);
    let missing = differences(&database, &Entities::default());
    assert_eq!(missing.iter().filter(|difference| difference.problem == "does not exist").count(), 4);
}

fn a_missing_table_is_found_and_mended(dialect: Dialect) {
    for table in ["users", "account", "session", "verification"] {
        let database = Database::migrated(dialect);
        database.run(&[format!("DROP TABLE {table}")]);
        let found = difference(&database);
        assert_eq!((found.table.as_str(), found.problem.as_str(), found.breaks), (table, "does not exist", true));
        mend(&database, &found);
    }
}

fn a_missing_column_is_found_and_mended(dialect: Dialect) {
    for (table, column) in [("users", "image"), ("account", "scope"), ("session", "ip_address")] {
        let database = Database::migrated(dialect);
        database.run(&[format!("ALTER TABLE {table} DROP COLUMN {column}")]);
        let found = difference(&database);
        assert_eq!((found.table.as_str(), found.breaks), (table, true));
        assert_eq!(found.problem, format!("has no column \"{column}\""));
        mend(&database, &found);
    }
}

fn a_missing_unique_index_is_found_and_mended(dialect: Dialect) {
    for (table, column) in [("users", "email"), ("session", "token")] {
        let database = Database::migrated(dialect);
        database.run(&[drop_index(dialect, table, column)]);
        let found = difference(&database);
        assert_eq!((found.table.as_str(), found.breaks), (table, true));
        assert!(found.problem.starts_with(&format!("has no unique index over \"{column}\"")), "{found}");
        mend(&database, &found);
    }
}

fn a_missing_plain_index_is_advice(dialect: Dialect) {
    for table in ["account", "session"] {
        let database = Database::migrated(dialect);
        database.run(&[drop_index(dialect, table, "user_id")]);
        let found = difference(&database);
        assert_eq!((found.table.as_str(), found.breaks), (table, false));
        assert_eq!(found.problem, "has no index over \"user_id\", which is searched");
        mend(&database, &found);
    }
    let database = Database::migrated(dialect);
    database.run(&[drop_index(dialect, "verification", "value"), drop_index(dialect, "account", "provider_id")]);
    assert_eq!(differences(&database, &Entities::default()), [], "nothing looks rows up by these");
}

fn an_index_that_does_not_hold_for_every_row_is_not_enough(dialect: Dialect) {
    let partial = match dialect {
        Dialect::MySql => "CREATE UNIQUE INDEX half ON users (email(8))",
        Dialect::Sqlite | Dialect::Postgres => "CREATE UNIQUE INDEX half ON users (email) WHERE is_active",
    };
    for other in [partial, "CREATE UNIQUE INDEX half ON users (email, name)", "CREATE INDEX half ON users (email)"] {
        let database = Database::migrated(dialect);
        database.run(&[&drop_index(dialect, "users", "email"), other]);
        assert!(difference(&database).problem.starts_with("has no unique index over \"email\""), "{other}");
    }
}

fn a_wrong_type_is_found(dialect: Dialect) {
    let name = |column| quoted(dialect, column);
    let datetime = if dialect == Dialect::Postgres { "TIMESTAMP WITHOUT TIME ZONE" } else { "DATETIME" };
    for (column, from, to) in [
        ("email_verified", if dialect == Dialect::MySql { "BOOL" } else { "BOOLEAN" }, "VARCHAR(5)"),
        ("expires_at", datetime, "DECIMAL(20)"),
        ("name", "VARCHAR(255)", "DECIMAL(20)"),
    ] {
        let database = altered(dialect, &format!("{} {from}", name(column)), &format!("{} {to}", name(column)));
        let found = differences(&database, &Entities::default());
        let found: Vec<_> = found.iter().filter(|found| found.problem.contains(&format!("\"{column}\""))).collect();
        assert!(!found.is_empty() && found.iter().all(|found| found.breaks), "{column}: {found:?}");
        assert!(found[0].problem.contains(&format!("{from} is wanted")), "{}", found[0]);
    }
}

fn a_short_column_is_found_and_mended(dialect: Dialect) {
    // The second is long enough for what this service writes, and not for what the schema promises.
    for (column, from, to, is_fatal) in
        [("token", "VARCHAR(36)", "VARCHAR(32)", true), ("password", "VARCHAR(255)", "VARCHAR(128)", false)]
    {
        let name = quoted(dialect, column);
        let database = altered(dialect, &format!("{name} {from}"), &format!("{name} {to}"));
        let found = difference(&database);
        assert!(found.problem.starts_with(&format!("has a column \"{column}\" of ")), "{found}");
        assert_eq!(found.breaks, is_fatal && dialect != Dialect::Sqlite, "{found}");
        if dialect == Dialect::Sqlite {
            database.service().signed_up(EMAIL);
        } else {
            mend(&database, &found);
        }
    }
}

fn a_foreign_column_that_needs_a_value_is_found(dialect: Dialect) {
    let name = quoted(dialect, "image");
    let database =
        altered(dialect, &format!("{name} VARCHAR(512)"), &format!("{name} VARCHAR(512),\n    plan INTEGER NOT NULL"));
    let found = difference(&database);
    assert_eq!((found.table.as_str(), found.breaks), ("users", true));
    assert!(found.problem.starts_with("has a column \"plan\" that needs a value"), "{found}");
    if dialect == Dialect::Postgres {
        mend(&database, &found);
    }
}

fn foreign_columns_that_need_no_value_are_tolerated(dialect: Dialect) {
    let database = Database::migrated(dialect);
    for table in ["users", "account", "session"] {
        database.run(&[
            format!("ALTER TABLE {table} ADD COLUMN nickname VARCHAR(20)"),
            format!("ALTER TABLE {table} ADD COLUMN visits INTEGER NOT NULL DEFAULT 0"),
        ]);
    }
    assert_eq!(differences(&database, &Entities::default()), []);
    database.service().signed_up(EMAIL);
}

fn a_users_table_of_the_hosts_without_unique_index_is_refused(dialect: Dialect) {
    let entities = entities(&json!({"user_field_mapping": {"table_name": "people", "email": "mail"}}));
    let database = Database::with(dialect, &entities);
    assert_eq!(differences(&database, &entities), []);
    database.run(&[match dialect {
        Dialect::MySql => "ALTER TABLE people DROP INDEX ix_people_mail",
        Dialect::Sqlite | Dialect::Postgres => "DROP INDEX ix_people_mail",
    }]);
    let found = differences(&database, &entities).remove(0);
    let [index, table, column] = ["ix_people_mail", "people", "mail"].map(|name| quoted(dialect, name));
    assert!(found.breaks);
    assert_eq!(found.remedy, Some(format!("CREATE UNIQUE INDEX {index} ON {table} ({column})")));
    database.run(&[found.remedy.unwrap()]);
    assert_eq!(differences(&database, &entities), []);
    database.run(&["DROP TABLE people"]);
    let found = differences(&database, &entities).remove(0);
    assert_eq!(
        (found.problem.as_str(), found.remedy),
        ("does not exist", None),
        "the host's own is not ours to create"
    );
}
