//! What must never be seen in a response, in the log or in a formatted value, and what happens without randomness.

use auth101_core::{
    Cause, Options, Problem, Secret,
    domain::{
        account::{Credentials, StoredPassword},
        identifier::AccountId,
        password::Password,
        password_hash::{HashBounds, PasswordHash},
        session::Client,
    },
    http::{body::Body, request::Authorization},
    port::Store,
};
use auth101_sql::{Outcome, Row, SqlError, Statement, Value};
use auth101_testkit::{
    executor::block_on,
    faulty::{FaultyDriver, Mishap},
    fixture::{EMAIL, counts, sql, sql_store},
    hasher::stored_hash,
    random::{Failing, FailingRandom},
    rusqlite::RusqliteDriver,
    sample,
    service::{self, Answer, Service, Tokens, config},
};
use std::{fmt::Debug, rc::Rc};

const MARKER: &str = "MARKER-7f3a";

fn marked(what: &str) -> String {
    format!("{MARKER}-{what}-and-more-than-32-bytes-of-it")
}

fn assert_hidden(value: &dyn Debug) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!text.contains(MARKER), "{text}");
    }
}

#[test]
fn r33_no_public_type_shows_a_secret_when_formatted() {
    let options = Options {
        secret: Some(Secret::new(marked("secret"))),
        previous_secrets: vec![Secret::new(marked("previous"))],
        ..Options::default()
    };
    assert_hidden(&options);
    let checked = auth101_core::Config::new(&options);
    assert_hidden(&checked);
    let mut duplicate = options.clone();
    assert_hidden(&duplicate.set("secret", &serde_json::json!([marked("secret")])));
    if let Ok(checked) = checked {
        assert_hidden(&checked.keyring);
    }

    let hash = marked("hash");
    assert_hidden(&Secret::new(hash.clone()));
    assert_hidden(&Password::new(marked("password")));
    assert_hidden(&Password::new(marked("password")).check(4_096, |_| false));
    assert_hidden(&sample::sign_up("ada", &hash));
    assert_hidden(&sample::opening("new", "ada", &hash, Some(&hash), sample::start()));
    let account = StoredPassword { account_id: AccountId::new("1"), hash: Some(Secret::new(hash)) };
    assert_hidden(&Credentials { user: sample::user("ada"), account: Some(account) });

    let bounds = HashBounds { ..Options::default().hash_bounds };
    let stored = stored_hash("password", Options::default().argon2);
    let tag = stored.rsplit('$').next().unwrap_or_default();
    let parsed = format!("{:?}", PasswordHash::parse(&stored, &bounds));
    assert!(parsed.contains("Argon2") && !parsed.contains(tag) && parsed.contains("tag: Secret(_)"), "{parsed}");

    assert_hidden(&Authorization::new(marked("token")));
    assert_hidden(&Body::Complete(zeroize::Zeroizing::new(marked("body").into_bytes())));
    assert_hidden(&service::sign_in(EMAIL, &marked("password")));
    assert_hidden(&service::session(&marked("token")));
    assert_hidden(&Value::Text(marked("value")));
    assert_hidden(&Statement { sql: "SELECT ?", parameters: vec![Value::Text(marked("value"))] });
    let row = Row(vec![("password".into(), Value::Text(marked("value")))]);
    assert_hidden(&Outcome { rows: vec![row], affected: 0 });

    let mut service = sql().0;
    service.config = config(|options| options.secret = Some(Secret::new(marked("secret"))));
    assert_hidden(&service.auth());
    let response = block_on(service.auth().handle(service::sign_up(EMAIL, &marked("password"))));
    assert_hidden(&response);
    let tokens = block_on(service.auth().sign_in(EMAIL, &Password::new(marked("password")), &Client::default()));
    let text = format!("{tokens:?}");
    assert!(text.starts_with("Ok(") && !text.contains("eyJ"), "tokens are not printed: {text}");
}

/// Every route once, over whatever store: the answers.
fn every_route<S: Store + Clone>(service: &Service<S>, tokens: &Tokens, password: &str) -> Vec<Answer> {
    [
        service::sign_up("bob@example.com", password),
        service::sign_up(EMAIL, password),
        service::sign_in(EMAIL, password),
        service::sign_in(EMAIL, &format!("not {password}")),
        service::sign_in("nobody@example.com", password),
        service::refresh(&tokens.refresh),
        service::refresh(&tokens.access),
        service::refresh(password),
        service::session(&tokens.access),
        service::session(password),
        service::revoke(&tokens.refresh),
        service::sign_out(&tokens.access),
        service::sign_out(password),
    ]
    .map(|request| service.send(request))
    .into()
}

#[test]
fn r33_secrets_and_passwords_reach_no_response_and_no_event() {
    let (mut service, _) = sql();
    let secret = marked("secret");
    service.config = config(|options| options.secret = Some(Secret::new(secret.clone())));
    let password = marked("password");
    let tokens = service.send(service::sign_up(EMAIL, &password)).tokens();
    for answer in every_route(&service, &tokens, &password) {
        let seen = format!("{:?} {}", answer.headers, answer.text());
        assert!(!seen.contains(MARKER), "{seen}");
    }
    let events = format!("{:?}", service.observer.events());
    for hidden in [MARKER, EMAIL, "bob@example.com", "eyJ", "argon2", &tokens.refresh, &tokens.access] {
        assert!(!events.contains(hidden), "{hidden} in {events}");
    }
}

#[test]
fn r34_nothing_that_a_database_says_reaches_a_response() {
    let errors = [
        (SqlError::UniqueViolation(MARKER.into()), 500),
        (SqlError::NotSetUp(Problem::new(Cause::MissingTable, MARKER)), 500),
        (SqlError::NotSetUp(Problem::new(Cause::MissingRight, MARKER)), 500),
        (SqlError::Unfit, 500),
        (SqlError::Rejected, 500),
        (SqlError::Unavailable, 503),
        (SqlError::Conflict, 503),
    ];
    for (error, status) in errors {
        let driver = RusqliteDriver::migrated();
        let healthy = Service::new(sql_store(driver.clone()));
        let tokens = healthy.signed_up(EMAIL);
        let faulty = FaultyDriver::new(driver, Rc::new(|_| Mishap::FailsBefore)).failing_with(error.clone());
        let service = healthy.over(sql_store(faulty));
        for answer in every_route(&service, &tokens, service::PASSWORD) {
            assert!(!answer.text().contains(MARKER) && !answer.text().contains("SELECT"), "{}", answer.text());
            assert!([status, 400, 401].contains(&answer.status), "{error:?}: {}", answer.text());
        }
        let events = format!("{:?}", service.observer.events());
        // An operator is told the name of what must be fixed; nothing else of what was said is repeated.
        let names_what_to_fix = matches!(error, SqlError::NotSetUp(_));
        assert_eq!(events.contains(MARKER), names_what_to_fix, "{events}");
        assert!(!events.contains("eyJ") && !events.contains("SELECT") && events.contains("Fault"), "{events}");
    }
}

#[test]
fn r34_an_unreadable_value_is_named_by_its_column_and_not_repeated() {
    let driver = RusqliteDriver::migrated();
    let service = Service::new(sql_store(driver.clone()));
    let tokens = service.signed_up(EMAIL);
    driver.execute(&format!("UPDATE session SET updated_at = '{MARKER}'"));
    let answer = service.send(service::session(&tokens.access));
    assert_eq!(answer.text(), r#"{"error":{"message":"Internal server error","code":"INTERNAL_ERROR"}}"#);
    let events = format!("{:?}", service.observer.events());
    assert!(events.contains("session.updated_at") && !events.contains(MARKER), "{events}");
}

#[test]
fn r37_without_randomness_a_sign_up_is_unavailable_and_writes_nothing() {
    let enough = FailingRandom::new(Failing::From(usize::MAX));
    let asked = calls_of_a_sign_up(enough);
    assert!(asked > 1);
    for index in 0..asked {
        for failing in [Failing::At(index), Failing::From(index)] {
            let (mut service, tables) = sql();
            service.random = Rc::new(FailingRandom::new(failing));
            let answer = service.send(service::sign_up(EMAIL, service::PASSWORD));
            assert_eq!((answer.status, answer.code().as_str()), (503, "UNAVAILABLE"), "{failing:?}");
            assert_eq!(counts(&tables), (0, 0, 0), "{failing:?}");
            assert_eq!(service.observer.names(), ["fault"]);
        }
    }
}

fn calls_of_a_sign_up(random: FailingRandom) -> usize {
    let random = Rc::new(random);
    let (mut service, _) = sql();
    let port: Rc<FailingRandom> = Rc::clone(&random);
    service.random = port;
    service.signed_up(EMAIL);
    random.calls()
}

#[test]
fn r37_without_randomness_a_sign_in_is_unavailable_and_opens_no_session() {
    for index in 0..2 {
        for failing in [Failing::At(index), Failing::From(index)] {
            let (mut service, tables) = sql();
            service.signed_up(EMAIL);
            service.random = Rc::new(FailingRandom::new(failing));
            assert_eq!(service.send(service::sign_in(EMAIL, service::PASSWORD)).status, 503, "{failing:?}");
            assert_eq!(counts(&tables), (1, 1, 1), "{failing:?}");
        }
    }
}

#[test]
fn r37_what_needs_no_randomness_works_without_it() {
    let (mut service, tables) = sql();
    let tokens = service.signed_up(EMAIL);
    service.random = Rc::new(FailingRandom::new(Failing::From(0)));
    let rotated = service.refresh(&tokens.refresh).tokens();
    assert_eq!(service.send(service::session(&rotated.access)).status, 200);
    assert_eq!(service.send(service::revoke(&rotated.refresh)).status, 200);
    assert_eq!(counts(&tables).2, 0);
}

#[test]
fn a_table_that_is_missing_is_named_in_the_log_and_not_in_the_answer() {
    let service = Service::new(sql_store(RusqliteDriver::empty()));
    let answer = service.send(service::sign_in(EMAIL, service::PASSWORD));
    assert_eq!((answer.status, answer.code().as_str()), (500, "INTERNAL_ERROR"));
    assert!(!answer.text().contains("users"));
    assert!(format!("{:?}", service.observer.events()).contains("subject: \"users\""));
}
