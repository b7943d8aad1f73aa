//! What a column cannot hold or compare is no outage: it decides about that value and about nothing else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "databases/mod.rs"]
mod databases;

use auth101_core::{
    event::{Event, Fault, SignInFailure},
    port::StoreError,
};
use auth101_sql::{Dialect, Entities, Value, schema};
use auth101_testkit::{
    fixture::EMAIL,
    hasher::stored_hash,
    server_driver::ServerDriver,
    service::{self, PASSWORD},
};
use databases::{
    Database,
    servers::{mariadb, postgres},
};

const EMOJI: &str = "\u{1f600}@example.com";
/// Letters that may be registered and that neither Latin-1 nor the Basic Multilingual Plane has.
const BEYOND: &str = "\u{10400}a@example.com";

/// A database of these options, with the tables.
fn narrow(dialect: Dialect, options: &str) -> Database {
    let url = match dialect {
        Dialect::Postgres => postgres().database_with(options),
        _ => mariadb().database_with(options),
    };
    let database = Database::Server(ServerDriver::new(&url, 2));
    database.run(&schema::create_statements(dialect, &Entities::default()));
    database
}

fn text(database: &Database, column: &str) -> Option<String> {
    match database.query(&format!("SELECT {column} AS found FROM session"))[0].get("found") {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Databases that cannot hold every character.
fn narrow_databases() -> [Database; 3] {
    [
        narrow(Dialect::MySql, "CHARACTER SET utf8mb3"),
        narrow(Dialect::MySql, "CHARACTER SET latin1"),
        narrow(Dialect::Postgres, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"),
    ]
}

#[test]
fn an_address_that_the_column_cannot_compare_is_unknown_at_sign_in() {
    for database in narrow_databases() {
        let service = database.service();
        service.signed_up(EMAIL);
        service.observer.take();
        let verified = service.hasher.verifications();
        for email in [EMOJI, BEYOND] {
            let answer = service.send(service::sign_in(email, PASSWORD));
            assert_eq!((answer.status, answer.code().as_str()), (401, "INVALID_CREDENTIALS"), "{}", answer.text());
        }
        assert_eq!(service.hasher.verifications() - verified, 2, "after the same work as for any other");
        let events = service.observer.take();
        let unknown = |event: &Event| matches!(event, Event::SignInFailed { reason: SignInFailure::UnknownEmail, .. });
        assert!(events.len() == 2 && events.iter().all(unknown), "{events:?}");
    }
}

#[test]
fn an_address_that_the_column_cannot_hold_is_invalid_at_sign_up() {
    for database in narrow_databases() {
        let service = database.service();
        service.observer.take();
        let answer = service.send(service::sign_up(BEYOND, PASSWORD));
        assert_eq!((answer.status, answer.code().as_str()), (400, "VALIDATION_ERROR"), "{}", answer.text());
        assert!(answer.text().contains("Invalid email address"), "{}", answer.text());
        assert_eq!(service.observer.take(), [], "what callers type is no fault");
        assert_eq!(database.query("SELECT id FROM users").len(), 0);
    }
}

#[test]
fn a_user_agent_is_stored_without_what_does_not_fit() {
    for database in narrow_databases() {
        let service = database.service();
        service.signed_up(EMAIL);
        database.run(&["DELETE FROM session"]);
        let mut request = service::sign_in(EMAIL, PASSWORD);
        request.client.user_agent = Some("\u{1f4f1} App/1".to_owned());
        let answer = service.send(request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(text(&database, "user_agent").as_deref(), Some(" App/1"));
        let mut request = service::sign_up("bob@example.com", PASSWORD);
        request.client.user_agent = Some("\u{1f4f1}".to_owned());
        assert_eq!(service.send(request).status, 201);
    }
}

#[test]
fn a_user_agent_longer_than_its_column_is_left_out() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let database = Database::migrated(dialect);
        database.run(&[match dialect {
            Dialect::MySql => "ALTER TABLE session MODIFY user_agent VARCHAR(20)",
            _ => "ALTER TABLE session ALTER COLUMN user_agent TYPE VARCHAR(20)",
        }]);
        let service = database.service();
        let mut request = service::sign_up(EMAIL, PASSWORD);
        request.client.user_agent = Some("a".repeat(21));
        assert_eq!(service.send(request).status, 201);
        assert_eq!(text(&database, "user_agent"), None);
    }
}

#[test]
fn a_column_too_short_for_a_better_hash_keeps_the_old_one_and_lets_the_user_in() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let database = Database::migrated(dialect);
        let service = database.service();
        service.signed_up(EMAIL);
        let old = stored_hash(
            PASSWORD,
            auth101_core::domain::password_hash::Argon2Parameters { memory: 8, iterations: 1, parallelism: 1 },
        );
        let length = old.len();
        database.run(&[format!("UPDATE account SET password = '{old}'")]);
        database.run(&[match dialect {
            Dialect::MySql => format!("ALTER TABLE account MODIFY password VARCHAR({length})"),
            _ => format!("ALTER TABLE account ALTER COLUMN password TYPE VARCHAR({length})"),
        }]);
        service.observer.take();
        let answer = service.send(service::sign_in(EMAIL, PASSWORD));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let events = service.observer.take();
        assert_eq!(events[0], Event::Fault(Fault::Store(StoreError::Unfit)));
        assert!(matches!(events[1], Event::SignedIn { rehashed: false, .. }), "{events:?}");
    }
}

#[test]
fn a_column_too_short_for_every_hash_is_told_in_the_log() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let database = Database::migrated(dialect);
        database.run(&[match dialect {
            Dialect::MySql => "ALTER TABLE account MODIFY password VARCHAR(60)",
            _ => "ALTER TABLE account ALTER COLUMN password TYPE VARCHAR(60)",
        }]);
        let service = database.service();
        assert_eq!(service.send(service::sign_up(EMAIL, PASSWORD)).code(), "VALIDATION_ERROR");
        assert_eq!(service.observer.take(), [Event::Fault(Fault::Store(StoreError::Unfit))]);
    }
}
