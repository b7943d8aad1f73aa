//! Tables and rows that others made: other frameworks' types, other time zones, other habits.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "databases/mod.rs"]
mod databases;

use auth101_core::{
    event::{Event, Fault},
    port::{Clock, StoreError},
};
use auth101_sql::{Dialect, Entities, SqlDriver, SqlStore, Statement, Value, compare::compare, schema};
use auth101_testkit::{
    executor::block_on,
    fixture::{EMAIL, counts},
    sample,
    server_driver::ServerDriver,
    service::{self, Answer, PASSWORD, Service},
    sql_tables::{Kind, placeholder},
    token::session_id,
};
use databases::{
    Database, entities, on_each_dialect,
    servers::{mariadb, postgres},
};
use serde_json::json;

on_each_dialect! {
    datetimes_in_the_forms_of_others_are_read
    an_unreadable_datetime_is_a_fault_that_names_its_column
    r47_an_expiry_that_cannot_be_read_never_counts_as_live
    ids_of_any_form_work
    a_null_image_reads_as_empty
    djangos_tables_serve_every_route
    flags_of_any_type_mean_the_same_to_every_statement
    a_time_in_email_verified_is_true
}

/// All routes for one user, from sign-up to the last refusal.
fn assert_every_route_works<D: SqlDriver + Clone>(service: &Service<SqlStore<D>>, email: &str) {
    let tokens = service.signed_up(email);
    assert_eq!(service.send(service::sign_up(email, PASSWORD)).code(), "USER_EXISTS");
    let second = service.send(service::sign_in(email, PASSWORD));
    assert_eq!(second.status, 200, "{}", second.text());
    let refreshed = service.refresh(&tokens.refresh);
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    let refreshed = refreshed.tokens();
    assert_eq!(service.refresh(&tokens.refresh).tokens().refresh, refreshed.refresh, "within the grace period");
    assert_eq!(service.send(service::session(&refreshed.access)).status, 200);
    assert_eq!(service.send(service::sign_out(&second.tokens().access)).status, 200);
    assert_eq!(service.refresh(&second.tokens().refresh).status, 401, "signed out");
    service.clock.advance(11);
    assert_eq!(service.refresh(&tokens.refresh).code(), "SESSION_NOT_FOUND", "reuse after the grace period");
    assert_eq!(service.refresh(&refreshed.refresh).status, 401, "which ends the session");
    // The bounds of a session's life, in whatever the columns hold them.
    let third = service.send(service::sign_in(email, PASSWORD)).tokens();
    service.clock.advance(service.config.refresh_token_seconds - 2);
    assert_eq!(service.refresh(&third.refresh).status, 200, "alive to the last second");
    assert_eq!(block_on(service.auth().purge()), Ok(0), "and not purged");
    service.clock.advance(service.config.refresh_token_seconds + 2);
    assert_eq!(block_on(service.auth().purge()), Ok(1), "over");
}

/// The session of Ada after a sign-up, with `expires_at` as SQL.
fn with_expiry(dialect: Dialect, expiry: &str) -> (Answer, Vec<Event>) {
    let database = Database::migrated(dialect);
    let service = database.service();
    let tokens = service.signed_up(EMAIL);
    if dialect == Dialect::MySql {
        // Servers of old let in what is no date.
        database.run(&["SET SESSION sql_mode = ''"]);
    }
    database.run(&[format!("UPDATE session SET expires_at = {expiry}")]);
    service.observer.take();
    (service.send(service::session(&tokens.access)), service.observer.take())
}

fn datetimes_in_the_forms_of_others_are_read(dialect: Dialect) {
    // The tests' clock stands at 2026-01-01 12:00:00.25.
    let everywhere = [
        ("'2026-01-01 12:00:01'", 200),
        ("'2026-01-01 12:00:00'", 401),
        ("'2026-01-02'", 200),
        ("'2026-01-01'", 401),
        ("'2026-01-01T12:00:01'", 200),
        ("'2026-01-01T12:00:00.000'", 401),
        ("'2026-01-01 12:00:01.9'", 200),
    ];
    for (expiry, status) in everywhere {
        let (answer, _) = with_expiry(dialect, expiry);
        assert_eq!(answer.status, status, "{expiry}: {}", answer.text());
    }
    // The refresh and the purge compare in SQL.
    for (expiry, purged) in everywhere.map(|(expiry, status)| (expiry, u64::from(status == 401))) {
        let database = Database::migrated(dialect);
        let service = database.service();
        let tokens = service.signed_up(EMAIL);
        let touch = format!("UPDATE session SET expires_at = {expiry}, created_at = '2026-01-01T11:00:00'");
        database.run(&[touch]);
        assert_eq!(block_on(service.auth().purge()), Ok(purged), "{expiry}");
        assert_eq!(service.refresh(&tokens.refresh).status == 200, purged == 0, "{expiry}");
    }
}

/// The refresh and the purge compare in SQL.
fn r47_an_expiry_that_cannot_be_read_never_counts_as_live(dialect: Dialect) {
    let unreadable: &[&str] = match dialect {
        Dialect::Sqlite => &[
            "'soon'",
            "99999999999",
            "x'ff00'",
            "'2999-13-01 00:00:00'",
            "'2999-02-30'",
            "'2999-01-01 00:00:00Z'",
            "'2999-01-01 00:00:00+02:00'",
            "NULL",
        ],
        Dialect::Postgres => &["'infinity'", "'20000-01-01'", "NULL"],
        Dialect::MySql => &["NULL"],
    };
    for expiry in unreadable {
        let database = Database::migrated(dialect);
        let service = database.service();
        let tokens = service.signed_up(EMAIL);
        match dialect {
            Dialect::Sqlite => database.run(&[
                "CREATE TABLE loose AS SELECT * FROM session",
                "DROP TABLE session",
                "ALTER TABLE loose RENAME TO session",
            ]),
            Dialect::Postgres => database.run(&["ALTER TABLE session ALTER expires_at DROP NOT NULL"]),
            Dialect::MySql => database.run(&["ALTER TABLE session MODIFY expires_at DATETIME NULL"]),
        }
        database.run(&[format!("UPDATE session SET expires_at = {expiry}")]);
        assert_ne!(service.send(service::session(&tokens.access)).status, 200, "{expiry}");
        assert_ne!(service.refresh(&tokens.refresh).status, 200, "{expiry}");
        assert_eq!(counts(&database.tables()).2, 0, "the refresh removes it: {expiry}");

        let second = service.send(service::sign_in(EMAIL, PASSWORD));
        assert_eq!(second.status, 200, "{expiry}");
        database.run(&[format!("UPDATE session SET expires_at = {expiry}")]);
        assert_eq!(block_on(service.auth().purge()), Ok(1), "{expiry}");
    }
}

fn an_unreadable_datetime_is_a_fault_that_names_its_column(dialect: Dialect) {
    let unreadable: &[&str] = match dialect {
        Dialect::Sqlite => &["'soon'", "1767225600", "''", "'2026-13-01 00:00:00'", "x'ff00'", "17672256e2"],
        Dialect::Postgres => &["'infinity'", "'-infinity'"],
        Dialect::MySql => &["'0000-00-00 00:00:00'"],
    };
    for expiry in unreadable {
        let (answer, events) = with_expiry(dialect, expiry);
        assert_eq!((answer.status, answer.code().as_str()), (500, "INTERNAL_ERROR"), "{expiry}: {}", answer.text());
        let fault = Fault::Store(StoreError::Unreadable { column: "session.expires_at" });
        assert_eq!(events, [Event::Fault(fault)], "{expiry}");
    }
}

fn ids_of_any_form_work(dialect: Dialect) {
    for id in ["7", "007", "9007199254740993", "1e3", "ADA", "ada lovelace", "-1", "0x10", "é"] {
        let database = Database::migrated(dialect);
        let service = database.service();
        service.signed_up(EMAIL);
        database.run(&[
            format!("UPDATE users SET id = '{id}'"),
            format!("UPDATE account SET user_id = '{id}', id = 'a{id}'"),
            "DELETE FROM session".to_owned(),
        ]);
        let signed_in = service.send(service::sign_in(EMAIL, PASSWORD));
        assert_eq!(signed_in.json()["user"]["id"], id);
        let tokens = signed_in.tokens();
        database.run(&[format!(
            "UPDATE session SET id = id WHERE id = '{}' AND user_id = '{id}'",
            session_id(&tokens.refresh).as_str()
        )]);
        let refreshed = service.refresh(&tokens.refresh);
        assert_eq!(refreshed.json()["user"]["id"], id, "{}", refreshed.text());
        let session = service.send(service::session(&refreshed.tokens().access));
        assert_eq!(session.json()["user"]["id"], id);
    }
}

fn a_null_image_reads_as_empty(dialect: Dialect) {
    let database = Database::migrated(dialect);
    let service = database.service();
    let tokens = service.signed_up(EMAIL);
    database.run(&["UPDATE users SET image = NULL"]);
    assert_eq!(service.send(service::session(&tokens.access)).json()["user"]["image"], "");
    assert_eq!(service.refresh(&tokens.refresh).json()["user"]["image"], "");
    assert_eq!(service.send(service::sign_in(EMAIL, PASSWORD)).json()["user"]["image"], "");
}

/// The tables as `manage.py migrate` makes them of the Python package's models.
fn djangos_tables(dialect: Dialect) -> Vec<String> {
    let (boolean, datetime, text) = match dialect {
        Dialect::Sqlite => ("bool", "datetime", "text"),
        Dialect::Postgres => ("boolean", "timestamp with time zone", "text"),
        Dialect::MySql => ("bool", "datetime(6)", "longtext"),
    };
    let times = format!("created_at {datetime} NOT NULL, updated_at {datetime} NOT NULL");
    vec![
        format!(
            "CREATE TABLE auth101_user (id varchar(36) NOT NULL PRIMARY KEY, name varchar(255) NOT NULL, \
             email varchar(254) NOT NULL UNIQUE, email_verified {boolean} NOT NULL, image varchar(512) NOT NULL, \
             is_active {boolean} NOT NULL, {times})"
        ),
        format!(
            "CREATE TABLE auth101_account (id varchar(36) NOT NULL PRIMARY KEY, account_id varchar(255) NOT NULL, \
             provider_id varchar(64) NOT NULL, user_id varchar(36) NOT NULL, password varchar(255) NULL, \
             access_token {text} NULL, refresh_token {text} NULL, id_token {text} NULL, \
             access_token_expires_at {datetime} NULL, refresh_token_expires_at {datetime} NULL, \
             scope varchar(512) NULL, {times})"
        ),
        format!(
            "CREATE TABLE auth101_session (id varchar(36) NOT NULL PRIMARY KEY, token varchar(36) NOT NULL UNIQUE, \
             expires_at {datetime} NOT NULL, user_id varchar(36) NOT NULL, ip_address varchar(45) NULL, \
             user_agent varchar(512) NULL, {times})"
        ),
        format!(
            "CREATE TABLE auth101_verification (id varchar(36) NOT NULL PRIMARY KEY, identifier varchar(255) NOT NULL, \
             value varchar(255) NOT NULL, expires_at {datetime} NOT NULL, created_at {datetime} NULL, \
             updated_at {datetime} NULL)"
        ),
        "CREATE INDEX auth101_account_account_id_5b9a2c1e ON auth101_account (account_id)".to_owned(),
        "CREATE INDEX auth101_account_provider_id_0b5e7a33 ON auth101_account (provider_id)".to_owned(),
        "CREATE INDEX auth101_account_user_id_a6dccc6d ON auth101_account (user_id)".to_owned(),
        "CREATE INDEX auth101_session_user_id_4d0f3f5c ON auth101_session (user_id)".to_owned(),
    ]
}

/// The configuration that points at them.
fn djangos_entities() -> Entities {
    entities(&json!({
        "user": {"model_name": "auth101_user"},
        "account": {"model_name": "auth101_account"},
        "session": {"model_name": "auth101_session"},
        "verification": {"model_name": "auth101_verification"},
    }))
}

fn djangos_tables_serve_every_route(dialect: Dialect) {
    let database = Database::empty(dialect);
    database.run(&djangos_tables(dialect));
    let differences = block_on(compare(&database, dialect, &djangos_entities())).unwrap();
    assert!(differences.iter().all(|difference| !difference.breaks), "{differences:?}");
    let service = database.service_for(&djangos_entities(), |_| ());
    assert_every_route_works(&service, EMAIL);

    // Django omits a zero fraction, and writes six digits elsewhere.
    let tokens = service.signed_up("bob@example.com");
    let later = placeholder(dialect, 1, Kind::Time);
    let expiry = service.config.refresh_token_seconds + 60;
    let ends = service.clock.now().plus_seconds(expiry);
    let sql = format!("UPDATE auth101_session SET expires_at = {later}");
    let update = Statement { sql: &sql, parameters: vec![Value::Timestamp(ends)] };
    block_on(database.batch(&[update])).unwrap();
    assert_eq!(service.send(service::session(&tokens.access)).status, 200);
}

/// A users' table of the host's own, and a service over it.
fn with_people(database: &Database, email_verified: &str, is_active: &str) -> Service<SqlStore<Database>> {
    let entities = entities(&json!({"user_field_mapping": {"table_name": "people"}}));
    let dialect = database.dialect();
    database.run(&schema::create_statements(dialect, &entities));
    let datetime = if dialect == Dialect::Postgres { "TIMESTAMP" } else { "DATETIME" };
    database.run(&[format!(
        "CREATE TABLE people (id VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(255), email VARCHAR(255) NOT NULL UNIQUE, \
         email_verified {email_verified}, image VARCHAR(512), is_active {is_active}, created_at {datetime}, \
         updated_at {datetime})"
    )]);
    database.service_for(&entities, |_| ())
}

/// A database of PostgreSQL with a setting.
fn postgres_set_to(setting: &str) -> Database {
    let url = postgres().database();
    let name = url.rsplit('/').next().unwrap_or_default();
    ServerDriver::new(&url, 1).execute(&[&format!("ALTER DATABASE {name} SET {setting}")]).unwrap();
    Database::Server(ServerDriver::new(&url, 2))
}

fn flags_of_any_type_mean_the_same_to_every_statement(dialect: Dialect) {
    let numbers: &[(&str, bool)] =
        &[("NULL", false), ("1", true), ("0", false), ("2", true), ("-1", true), ("10", true)];
    let texts: &[(&str, bool)] = &[
        ("NULL", false),
        ("''", false),
        ("'t'", true),
        ("'TRUE'", true),
        ("' yes '", true),
        ("'on'", true),
        ("'Y'", true),
        ("'1'", true),
        ("'1.0'", true),
        ("'0.0'", false),
        ("'f'", false),
        ("'False'", false),
        ("'off'", false),
        ("'no'", false),
        ("'0'", false),
        ("'truth'", false),
        ("'2x'", false),
        ("'-'", false),
        ("'.'", false),
    ];
    let booleans: &[(&str, bool)] = &[("NULL", false), ("TRUE", true), ("FALSE", false)];
    let types: &[(&str, &[(&str, bool)])] = match dialect {
        Dialect::Sqlite => {
            &[("BOOLEAN", numbers), ("BOOLEAN", texts), ("TEXT", texts), ("", numbers), ("REAL", numbers)]
        }
        Dialect::Postgres => &[
            ("BOOLEAN", booleans),
            ("SMALLINT", numbers),
            ("BIGINT", numbers),
            ("NUMERIC(6, 2)", numbers),
            ("TEXT", texts),
            ("CHAR(8)", texts),
            ("BIT(1)", &[("B'1'", true), ("B'0'", false)]),
        ],
        Dialect::MySql => &[
            ("BOOL", booleans),
            ("TINYINT(4)", numbers),
            ("BIGINT", numbers),
            ("DECIMAL(6, 2)", numbers),
            ("VARCHAR(8)", texts),
            ("BIT(1)", &[("b'1'", true), ("b'0'", false)]),
        ],
    };
    for (kind, values) in types {
        let database = Database::empty(dialect);
        let service = with_people(&database, kind, kind);
        service.signed_up(EMAIL);
        let signed_in = service.send(service::sign_in(EMAIL, PASSWORD));
        let user = &signed_in.json()["user"];
        assert_eq!(
            (&user["email_verified"], &user["is_active"]),
            (&json!(false), &json!(true)),
            "as signed up: {kind}"
        );
        let mut tokens = signed_in.tokens();
        for (value, is_true) in *values {
            let told = format!("{value} in {kind}");
            database.run(&[format!("UPDATE people SET is_active = {value}")]);
            let status = |yes: u16, no: u16| if *is_true { yes } else { no };
            let sign_in = service.send(service::sign_in(EMAIL, PASSWORD));
            assert_eq!(sign_in.status, status(200, 401), "{told}: {}", sign_in.text());
            assert_eq!(service.send(service::session(&tokens.access)).status, status(200, 401), "{told}");
            service.clock.advance(60);
            let refreshed = service.refresh(&tokens.refresh);
            assert_eq!(refreshed.status, status(200, 401), "{told}: {}", refreshed.text());
            if *is_true {
                tokens = refreshed.tokens();
            }
            let set = if *kind == "BIT(1)" && dialect == Dialect::Postgres { "B'1'" } else { "'1'" };
            let set = if *kind == "BIT(1)" && dialect == Dialect::MySql { "b'1'" } else { set };
            database.run(&[format!("UPDATE people SET is_active = {set}, email_verified = {value}")]);
            let answer = service.send(service::sign_in(EMAIL, PASSWORD));
            assert_eq!(answer.json()["user"]["email_verified"], *is_true, "{told}");
        }
    }
}

fn a_time_in_email_verified_is_true(dialect: Dialect) {
    let kinds: &[&str] = match dialect {
        Dialect::Sqlite => &["DATETIME", "BOOLEAN", "TEXT"],
        Dialect::Postgres => &["TIMESTAMP", "TIMESTAMPTZ", "DATE", "TEXT"],
        Dialect::MySql => &["DATETIME", "DATE", "VARCHAR(30)"],
    };
    let boolean = if dialect == Dialect::MySql { "BOOL" } else { "BOOLEAN" };
    for kind in kinds {
        let database = match dialect {
            // Servers write dates in many ways.
            Dialect::Postgres => postgres_set_to("datestyle = 'SQL, DMY'"),
            Dialect::Sqlite | Dialect::MySql => Database::empty(dialect),
        };
        let service = with_people(&database, kind, boolean);
        service.signed_up(EMAIL);
        let verified = || service.send(service::sign_in(EMAIL, PASSWORD)).json()["user"]["email_verified"].clone();
        assert_eq!(verified(), false, "{kind}");
        for time in ["'2024-01-02 03:04:05'", "'2024-10-20'"] {
            database.run(&[format!("UPDATE people SET email_verified = {time}")]);
            assert_eq!(verified(), true, "{time} in {kind}");
        }
        database.run(&["UPDATE people SET email_verified = NULL"]);
        assert_eq!(verified(), false, "{kind}");
    }
}

#[test]
fn a_server_in_another_time_zone_shifts_nothing_on_postgresql() {
    for django in [false, true] {
        let database = postgres_set_to("timezone = 'Asia/Tokyo'");
        if django {
            database.run(&djangos_tables(Dialect::Postgres));
            let service = database.service_for(&djangos_entities(), |_| ());
            assert_every_route_works(&service, EMAIL);
            service.signed_up("bob@example.com");
            let stored = "SELECT CAST(EXTRACT(EPOCH FROM created_at) AS BIGINT) AS born FROM auth101_user \
                          WHERE email = 'ada@example.com'";
            let born = database.query(stored)[0].get("born").cloned();
            assert_eq!(born, Some(Value::Integer(1_767_268_800)), "the moment itself, not a local reading of it");
        } else {
            database.run(&schema::create_statements(Dialect::Postgres, &Entities::default()));
            assert_every_route_works(&database.service(), EMAIL);
        }
    }
}

#[test]
fn a_session_in_another_time_zone_shifts_no_timestamp_on_mariadb() {
    let url = mariadb().database();
    let database = Database::Server(ServerDriver::new(&url, 1));
    let tables = schema::create_statements(Dialect::MySql, &Entities::default());
    database.run(&["SET SESSION explicit_defaults_for_timestamp = 1"]);
    database.run(&tables.iter().map(|sql| sql.replace("DATETIME", "TIMESTAMP")).collect::<Vec<_>>());
    let service = database.service();
    for (number, zone) in (1..).zip(["+09:00", "-08:00", "SYSTEM"]) {
        database.run(&[format!("SET time_zone = '{zone}'")]);
        let email = format!("ada{number}@example.com");
        service.clock.set(sample::start());
        assert_every_route_works(&service, &email);
    }
    let shown = database.query("SELECT CAST(UNIX_TIMESTAMP(created_at) AS SIGNED) AS born FROM users");
    assert!(shown.iter().all(|row| row.get("born") == Some(&Value::Integer(1_767_268_800))), "{shown:?}");
}

#[test]
fn addresses_that_a_collation_equates_are_still_two_on_mariadb() {
    for collation in ["utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_bin"] {
        let url = mariadb().database_with(&format!("CHARACTER SET utf8mb4 COLLATE {collation}"));
        let database = Database::Server(ServerDriver::new(&url, 2));
        database.run(&schema::create_statements(Dialect::MySql, &Entities::default()));
        let service = database.service();
        service.signed_up("josé@example.com");
        let variants = ["jose@example.com", "josè@example.com"];
        for other in variants {
            let sign_in = service.send(service::sign_in(other, PASSWORD));
            assert_eq!((sign_in.status, sign_in.code().as_str()), (401, "INVALID_CREDENTIALS"), "{other}");
        }
        assert_eq!(service.send(service::sign_in("JOSÉ@Example.com", PASSWORD)).status, 200, "the rule is our own");
        for (number, other) in (2..).zip(variants) {
            let sign_up = service.send(service::sign_up(other, PASSWORD));
            if collation == "utf8mb4_bin" {
                assert_eq!(sign_up.status, 201, "{}", sign_up.text());
                assert_eq!(counts(&database.tables()), (number, number, number + 1));
            } else {
                assert_eq!((sign_up.status, sign_up.code().as_str()), (400, "USER_EXISTS"), "{other}");
                assert_eq!(counts(&database.tables()).0, 1, "and nothing of it remains");
            }
        }
        // Written by a program that does not lower-case.
        database.run(&["UPDATE users SET email = 'José@example.com' WHERE email = 'josé@example.com'"]);
        assert_eq!(service.send(service::sign_in("josé@example.com", PASSWORD)).status, 401);
    }
}

#[test]
fn with_whole_second_datetimes_the_window_is_from_g_to_g_and_a_second_on_mariadb() {
    const SECOND: i64 = 1_000_000;
    let database = Database::migrated(Dialect::MySql);
    let service = database.service();
    let grace = service.config.grace_seconds * SECOND;
    let at = |micros| service.clock.set(sample::later(sample::start(), micros));
    for (number, fraction) in (0..).zip([0, 1, 250_000, 499_999, 500_000, 999_999]) {
        for (age, accepted) in [(0, true), (grace - 1, true), (grace, true), (grace + SECOND, false)] {
            let begin = 750_000 + fraction;
            at(begin - 100 * SECOND);
            let first = service.signed_up(&format!("{number}-{age}@example.com")).refresh;
            at(begin);
            assert_eq!(service.refresh(&first).status, 200);
            at(begin + age);
            let status = service.refresh(&first).status;
            assert_eq!(status == 200, accepted, "{age} µs after a rotation at a fraction of {fraction} µs");
        }
    }
}
