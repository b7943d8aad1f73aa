//! What a database lacks is found, named, and fixed by the statement that is offered.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "databases/mod.rs"]
mod databases;

use auth101_sql::{
    Dialect, Entities, Value,
    compare::{Difference, compare, missing_tables},
    schema,
};
use auth101_testkit::{
    executor::block_on,
    fixture::EMAIL,
    server_driver::ServerDriver,
    service::{self, PASSWORD},
};
use databases::{
    Database, entities, on_each_dialect,
    servers::{mariadb, postgres},
};
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
    a_flag_of_a_type_that_holds_none_is_found
    a_flag_that_may_be_null_and_has_no_default_is_found
    a_flag_that_cannot_be_read_is_found
    addresses_out_of_normal_form_are_counted_and_fixed
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
    assert!(difference.to_string().ends_with(&format!("; fix it with: {remedy};")), "{difference}");
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
        assert_eq!(found.creation.len(), 1, "a migration makes it");
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
        ("expires_at", datetime, "DECIMAL(20)"),
        ("name", "VARCHAR(255)", "DECIMAL(20)"),
        ("id", "VARCHAR(36)", if dialect == Dialect::Sqlite { "INTEGER" } else { "BIGINT" }),
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

/// A table `people` of the host's own, with flags of these types, and the names that lead to it.
fn people(dialect: Dialect, flags: &str) -> (Database, Entities) {
    let entities = entities(&json!({"user_field_mapping": {"table_name": "people"}}));
    let database = Database::migrated(dialect);
    let datetime = if dialect == Dialect::Postgres { "TIMESTAMP" } else { "DATETIME" };
    database.run(&[format!(
        "CREATE TABLE people (id VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(255), email VARCHAR(255) NOT NULL UNIQUE, \
         image VARCHAR(512), created_at {datetime}, updated_at {datetime}, {flags})"
    )]);
    (database, entities)
}

fn a_flag_of_a_type_that_holds_none_is_found(dialect: Dialect) {
    let kind = match dialect {
        // It keeps whatever it is given.
        Dialect::Sqlite => return,
        Dialect::Postgres => "BYTEA",
        Dialect::MySql => "BLOB",
    };
    let (database, entities) = people(dialect, &format!("email_verified {kind} NOT NULL, is_active BOOLEAN NOT NULL"));
    let found = differences(&database, &entities).remove(0);
    assert!(found.breaks && found.problem.starts_with("has a column \"email_verified\" of type "), "{found}");
    let time = if dialect == Dialect::Postgres { "TIMESTAMP" } else { "DATETIME" };
    let (database, entities) = people(dialect, &format!("email_verified {time}, is_active {time} NOT NULL"));
    let found = differences(&database, &entities);
    assert_eq!(
        found.len(),
        1,
        "a time tells whether an address was verified, and not whether a user is active: {found:?}"
    );
    assert!(found[0].breaks && found[0].problem.starts_with("has a column \"is_active\" of type "), "{}", found[0]);
}

fn a_flag_that_may_be_null_and_has_no_default_is_found(dialect: Dialect) {
    let (database, entities) = people(dialect, "email_verified BOOLEAN DEFAULT FALSE, is_active BOOLEAN");
    let found = differences(&database, &entities);
    assert_eq!(found.len(), 1, "{found:?}");
    let problem = "has a flag \"is_active\" that may be NULL and has no default: NULL is false, so whoever is added without it \
                   is not active and cannot sign in";
    assert_eq!((found[0].problem.as_str(), found[0].breaks), (problem, true));
    if let Some(remedy) = &found[0].remedy {
        database.run(&[remedy]);
        assert_eq!(differences(&database, &entities), []);
    } else {
        assert_eq!(dialect, Dialect::Sqlite, "which cannot change a column");
    }
}

fn a_flag_that_cannot_be_read_is_found(dialect: Dialect) {
    let (database, entities) = people(dialect, "email_verified VARCHAR(30) NOT NULL, is_active VARCHAR(30) NOT NULL");
    let service = database.service_for(&entities, |_| ());
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        service.signed_up(email);
    }
    database.run(&["UPDATE people SET is_active = 'perhaps' WHERE email <> 'a@example.com'"]);
    let found = differences(&database, &entities);
    assert_eq!(found.len(), 1, "{found:?}");
    let problem = "has a flag \"is_active\" that cannot be read as true or false, and so counts as false, in 2 rows";
    assert_eq!((found[0].problem.as_str(), found[0].breaks), (problem, true));
    // Every value that is read is no difference.
    for value in ["NULL", "'t'", "'No'", "' off '", "''", "'1'", "'0'", "'0.0'", "'-1'", "'2'"] {
        let value = if value == "NULL" { "'f'" } else { value };
        database.run(&[format!("UPDATE people SET is_active = {value}")]);
        assert_eq!(differences(&database, &entities), [], "{value}");
    }
}

fn addresses_out_of_normal_form_are_counted_and_fixed(dialect: Dialect) {
    let database = Database::migrated(dialect);
    let service = database.service();
    for (email, stored) in [
        ("ada@example.com", "Ada@Example.com"),
        ("bob@example.com", " bob@example.com"),
        ("cem@example.com", "cem@example.com"),
        ("dan@example.com", "\tdan@example.com"),
    ] {
        service.signed_up(email);
        database.run(&[format!("UPDATE users SET email = '{stored}' WHERE email = '{email}'")]);
    }
    assert_eq!(service.send(service::sign_in("Ada@Example.com", PASSWORD)).status, 401);
    let found = differences(&database, &Entities::default());
    assert!(found.iter().all(|difference| difference.breaks), "{found:?}");
    assert!(found[0].problem.starts_with("has 2 addresses in \"email\" that are not in lower case"), "{}", found[0]);
    assert!(found[1].problem.starts_with("has 1 address in \"email\" whose lower or trimmed form"), "{}", found[1]);
    assert_eq!((found.len(), &found[1].remedy), (2, &None));
    database.run(&[found[0].remedy.as_ref().unwrap()]);
    assert_eq!(service.send(service::sign_in("Ada@Example.com", PASSWORD)).status, 200);
    assert_eq!(differences(&database, &Entities::default()).len(), 1, "what SQL cannot do is left to the operator");
}

#[test]
fn padded_text_is_found_and_mended_on_postgresql() {
    let database = altered(Dialect::Postgres, "\"email\" VARCHAR(255)", "\"email\" CHAR(255)");
    database.service().signed_up(EMAIL);
    assert_eq!(
        database.service().send(service::sign_in(EMAIL, PASSWORD)).status,
        401,
        "who signed up is not found again"
    );
    database.run(&["DELETE FROM session", "DELETE FROM account", "DELETE FROM users"]);
    let found = difference(&database);
    assert!(found.breaks && found.problem.starts_with("has a column \"email\" of type character(255)"), "{found}");
    mend(&database, &found);
}

#[test]
fn a_character_set_that_lacks_characters_is_found_and_mended_on_mariadb() {
    for set in ["utf8mb3", "latin1"] {
        let url = mariadb().database_with(&format!("CHARACTER SET {set}"));
        let database = Database::Server(ServerDriver::new(&url, 2));
        database.run(&schema::create_statements(Dialect::MySql, &Entities::default()));
        let found = differences(&database, &Entities::default());
        assert_eq!(found.len(), 3, "{found:?}");
        for found in found {
            assert!(found.breaks && found.problem.contains(&format!("in the character set {set}")), "{found}");
            database.run(&[found.remedy.unwrap()]);
        }
        assert_eq!(differences(&database, &Entities::default()), [], "{set}");
    }
}

#[test]
fn an_encoding_that_lacks_characters_is_found_on_postgresql() {
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let url = postgres().database_with(&format!("TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"));
        let database = Database::Server(ServerDriver::new(&url, 2));
        database.run(&schema::create_statements(Dialect::Postgres, &Entities::default()));
        let found = difference(&database);
        assert!(found.breaks && found.problem.contains(&format!("the encoding {encoding}")), "{found}");
    }
}

/// A PostgreSQL database whose search path leads through these schemas.
fn with_search_path(schemas: &str) -> Database {
    let url = postgres().database();
    let name = url.rsplit('/').next().unwrap_or_default();
    let set = format!("ALTER DATABASE {name} SET search_path = {schemas}");
    ServerDriver::new(&url, 1).execute(&["CREATE SCHEMA app", "CREATE SCHEMA other", &set]).unwrap();
    Database::Server(ServerDriver::new(&url, 2))
}

/// Makes what is missing, as a migration does.
fn migrate(database: &Database) -> Vec<Difference> {
    let creation = block_on(missing_tables(database, Dialect::Postgres, &Entities::default())).unwrap();
    let told: Vec<String> =
        differences(database, &Entities::default()).into_iter().flat_map(|difference| difference.creation).collect();
    assert_eq!(told, creation, "the comparison and the migration look at the same tables");
    database.run(&creation);
    differences(database, &Entities::default())
}

#[test]
fn nothing_is_made_in_front_of_tables_that_the_statements_find() {
    let database = with_search_path("app, public");
    let public: Vec<String> = schema::create_statements(Dialect::Postgres, &Entities::default())
        .iter()
        .map(|sql| sql.replace("EXISTS \"users", "EXISTS public.\"users").replace("ON \"", "ON public.\""))
        .map(|sql| sql.replace("TABLE IF NOT EXISTS \"", "TABLE IF NOT EXISTS public.\""))
        .collect();
    database.run(&public);
    database.run(&["ALTER TABLE public.users ADD COLUMN plan TEXT", "DROP TABLE public.verification"]);
    database.service().signed_up(EMAIL);
    assert_eq!(migrate(&database), []);
    let made = database.query("SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = 'app'");
    assert_eq!(made[0].get("name"), Some(&Value::Text("verification".into())));
    assert_eq!(made.len(), 1, "only what was missing");
    assert_eq!(database.service().send(service::sign_in(EMAIL, PASSWORD)).status, 200);
}

#[test]
fn the_users_of_another_application_further_down_are_left_alone() {
    let url = postgres().database();
    let name = url.rsplit('/').next().unwrap_or_default();
    ServerDriver::new(&url, 1)
        .execute(&[
            "CREATE SCHEMA other",
            "CREATE SCHEMA app",
            "CREATE TABLE public.users (id BIGINT PRIMARY KEY, email TEXT)",
            "CREATE ROLE limited",
            "GRANT USAGE ON SCHEMA other, app, public TO limited",
            "GRANT CREATE ON SCHEMA app, public TO limited",
            &format!("ALTER DATABASE {name} SET role = 'limited'"),
            &format!("ALTER DATABASE {name} SET search_path = other, app, public"),
        ])
        .unwrap();
    let database = Database::Server(ServerDriver::new(&url, 2));
    let missing = differences(&database, &Entities::default()).remove(0);
    assert!(missing.is_missing_table && missing.problem.contains("the one in the schema public"), "{missing}");
    assert_eq!(migrate(&database), []);
    let made = database.query(
        "SELECT CAST(schemaname AS TEXT) AS name FROM pg_tables WHERE tablename IN ('users', 'session') ORDER BY 1",
    );
    let schemas: Vec<_> = made.iter().map(|row| row.get("name").unwrap()).collect();
    let text = |text: &str| Value::Text(text.into());
    assert_eq!(schemas, [&text("app"), &text("app"), &text("public")], "the first schema that may be written");
    database.service().signed_up(EMAIL);
}

#[test]
fn a_table_in_the_way_is_told_and_nothing_is_made() {
    let database = with_search_path("public");
    database.run(&["CREATE TABLE public.users (id BIGINT PRIMARY KEY, email TEXT)"]);
    let found = differences(&database, &Entities::default());
    let in_the_way: Vec<_> = found.iter().filter(|found| found.table == "users").collect();
    assert!(!in_the_way.is_empty() && in_the_way.iter().all(|found| !found.is_missing_table), "{found:?}");
    assert!(in_the_way[0].breaks && in_the_way[0].creation.is_empty());
    // One that is found before ours hides it.
    let database = with_search_path("app, public");
    database.run(&schema::create_statements(Dialect::Postgres, &Entities::default()));
    database.run(&["ALTER TABLE app.users SET SCHEMA public", "CREATE TABLE app.users (id BIGINT)"]);
    let found = difference(&database);
    assert!(found.breaks && found.problem.starts_with("is in the schema public"), "{found}");
    assert!(found.creation.is_empty());
}
