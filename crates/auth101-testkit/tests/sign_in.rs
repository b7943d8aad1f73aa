//! What sign-in tells, and what it costs, in each of its branches.

#![allow(clippy::indexing_slicing, reason = "an index that is out of range is a failed test")]

use auth101_core::{
    domain::{password_hash::Argon2Parameters, user::User},
    port::{HasherError, Store},
};
use auth101_testkit::{
    executor::{Task, block_on, every_interleaving, give_way},
    fixture::{EMAIL, World, counts, only_user, sql},
    hasher::stored_hash,
    mutation::Mutation,
    rusqlite::RusqliteDriver,
    service::{self, Answer, PASSWORD, Service},
    sql_tables::SqlTables,
    tables::{AccountRow, Tables},
};

/// Below what is configured, so that a sign-in replaces it.
const WEAK: Argon2Parameters = Argon2Parameters { memory: 8_192, iterations: 1, parallelism: 1 };

/// How a branch of the sign-in is set up over a user who has just signed up.
type SetUp = fn(&SqlTables<RusqliteDriver>, &User);

/// Every branch that reads credentials and fails: its name, its setting, and the password that is tried.
fn failing_branches() -> Vec<(&'static str, SetUp, &'static str)> {
    vec![
        ("unknown address", |tables, user| block_on(tables.set_email(&user.id, "elsewhere@example.com")), PASSWORD),
        ("no account", |tables, user| block_on(tables.delete_accounts(&user.id)), PASSWORD),
        ("no hash", |tables, user| block_on(tables.set_password(&user.id, None)), PASSWORD),
        ("empty hash", |tables, user| block_on(tables.set_password(&user.id, Some(""))), PASSWORD),
        ("unreadable hash", |tables, user| block_on(tables.set_password(&user.id, Some("$argon2id$x"))), PASSWORD),
        (
            "hash beyond the bounds",
            |tables, user| {
                let costly = Argon2Parameters { memory: 1 << 20, iterations: 9, parallelism: 1 };
                block_on(tables.set_password(&user.id, Some(&stored_hash(PASSWORD, costly))));
            },
            PASSWORD,
        ),
        ("wrong password", |_, _| (), "wrong horse"),
        ("inactive", |tables, user| block_on(tables.set_active(&user.id, false)), PASSWORD),
        ("inactive, wrong password", |tables, user| block_on(tables.set_active(&user.id, false)), "wrong horse"),
        (
            "account of another provider",
            |tables, user| {
                block_on(async {
                    tables.delete_accounts(&user.id).await;
                    let row = AccountRow::credential("other", user, Some("x"), auth101_testkit::sample::start());
                    tables.put_account(&AccountRow { provider_id: "github".into(), ..row }).await;
                });
            },
            PASSWORD,
        ),
    ]
}

/// A sign-in that is overtaken by a change of the password after its hash was verified.
fn overtaken<S: Store + Clone, T: Tables>(service: &Service<S>, tables: &T) -> Answer {
    let mut task = Task::new(service.answer(service::sign_in(EMAIL, PASSWORD)));
    let before = service.hasher.verifications();
    while service.hasher.verifications() == before {
        assert!(task.step().is_none(), "the sign-in verifies");
    }
    block_on(tables.set_password(&only_user(tables), Some(&stored_hash("another", WEAK))));
    std::iter::from_fn(|| Some(task.step())).flatten().next().unwrap_or_else(|| unreachable!("the flow ends"))
}

#[test]
fn r19_an_unknown_address_costs_the_hash_that_a_known_one_does() {
    let (service, _) = sql();
    service.signed_up(EMAIL);
    service.send(service::sign_in(EMAIL, "a wrong password"));
    let known = service.hasher.verified_at();
    service.send(service::sign_in("nobody@example.com", "a wrong password"));
    assert_eq!(service.hasher.verified_at(), known);
    assert_eq!(known, Some(Argon2Parameters { memory: 19_456, iterations: 2, parallelism: 1 }));
}

#[test]
fn r19_r20_every_failing_sign_in_verifies_once_and_answers_the_same_bytes() {
    let mut answers = Vec::new();
    for (name, set_up, password) in failing_branches() {
        let (service, tables) = sql();
        service.signed_up(EMAIL);
        set_up(&tables, &block_on(tables.users())[0]);
        let before = counts(&tables);
        let answer = service.send(service::sign_in(EMAIL, password));
        assert_eq!(service.hasher.verifications(), 1, "{name}: verifications");
        assert_eq!(service.observer.names(), ["signed_up", "sign_in_failed"], "{name}");
        assert_eq!(counts(&tables), before, "{name}: nothing was written");
        answers.push((name, answer));
    }
    let (service, tables) = sql();
    service.signed_up(EMAIL);
    answers.push(("overtaken", overtaken(&service, &tables)));
    assert_eq!(service.hasher.verifications(), 2, "overtaken: one verification for each time the database was read");
    for (name, answer) in &answers {
        assert_eq!(answer.status, 401, "{name}");
        assert_eq!(answer.text(), r#"{"error":{"message":"Invalid email or password","code":"INVALID_CREDENTIALS"}}"#);
        assert_eq!(*answer, answers[0].1, "{name} differs from {}", answers[0].0);
    }
}

#[test]
fn r19_a_successful_sign_in_verifies_once_with_and_without_a_rehash() {
    let (service, tables) = sql();
    service.signed_up(EMAIL);
    let hashes = service.hasher.hashes();
    assert_eq!(service.send(service::sign_in(EMAIL, PASSWORD)).status, 200);
    assert_eq!((service.hasher.verifications(), service.hasher.hashes()), (1, hashes));
    block_on(tables.set_password(&only_user(&tables), Some(&stored_hash(PASSWORD, WEAK))));
    assert_eq!(service.send(service::sign_in(EMAIL, PASSWORD)).status, 200);
    assert_eq!((service.hasher.verifications(), service.hasher.hashes()), (2, hashes + 1));
    let stored = block_on(tables.accounts())[0].password.clone().unwrap_or_default();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
}

#[test]
fn r19_requests_that_cannot_succeed_are_refused_before_the_database_is_asked() {
    let World { service, driver, .. } = World::new(None);
    service.signed_up(EMAIL);
    let calls = driver.inner().calls();
    for (email, password) in [("", PASSWORD), (" ", PASSWORD), (EMAIL, ""), (EMAIL, &"x".repeat(4_097))] {
        assert_eq!(service.send(service::sign_in(email, password)).code(), "INVALID_CREDENTIALS");
    }
    assert_eq!((service.hasher.verifications(), driver.inner().calls()), (0, calls));
}

/// A sign-in that rehashes, and a change of the password, in every order: which hashes are left.
fn hashes_after_races(mutation: Option<Mutation>) -> Vec<String> {
    let changed = stored_hash("the new password", WEAK);
    let mut left = Vec::new();
    let orders = every_interleaving(
        || {
            let World { service, tables, .. } = World::new(mutation);
            service.signed_up(EMAIL);
            block_on(tables.set_password(&only_user(&tables), Some(&stored_hash(PASSWORD, WEAK))));
            (service, tables)
        },
        |(service, tables)| {
            let user = only_user(tables);
            let changed = changed.clone();
            vec![
                Task::new(async move { service.answer(service::sign_in(EMAIL, PASSWORD)).await.status }),
                Task::new(async move {
                    for _ in 0..2 {
                        give_way().await;
                    }
                    tables.set_password(&user, Some(&changed)).await;
                    0
                }),
            ]
        },
        |(_, tables), statuses| {
            assert!([200, 401].contains(&statuses[0]), "{statuses:?}");
            left.push(block_on(tables.accounts())[0].password.clone().unwrap_or_default());
        },
    );
    assert_eq!(orders, left.len());
    left.retain(|hash| *hash != changed);
    left
}

#[test]
fn r22_a_rehash_never_undoes_a_change_of_the_password() {
    assert_eq!(hashes_after_races(None), [""; 0]);
    assert!(
        !hashes_after_races(Some(Mutation::UnguardedRehash)).is_empty(),
        "the test does not see an unguarded rehash"
    );
}

/// Two sign-ins with the right password over a hash that is due for replacement: both have read the old one when the
/// first replaces it.
#[test]
fn r22_a_rehash_never_fails_another_sign_in_with_the_same_password() {
    let (service, tables) = sql();
    service.signed_up(EMAIL);
    block_on(tables.set_password(&only_user(&tables), Some(&stored_hash(PASSWORD, WEAK))));
    let mut tasks = [0, 1].map(|_| Task::new(service.answer(service::sign_in(EMAIL, PASSWORD))));
    for (already, task) in tasks.iter_mut().enumerate() {
        while service.hasher.verifications() == already {
            assert!(task.step().is_none(), "the sign-in verifies");
        }
    }
    for mut task in tasks {
        let answer = std::iter::from_fn(|| Some(task.step())).flatten().next();
        assert_eq!(answer.map(|answer| answer.status), Some(200));
    }
    assert_eq!(service.observer.names(), ["signed_up", "signed_in", "signed_in"]);
}

#[test]
fn r22_a_rehash_that_fails_never_fails_the_sign_in() {
    let (mut service, tables) = sql();
    service.signed_up(EMAIL);
    let weak = stored_hash(PASSWORD, WEAK);
    block_on(tables.set_password(&only_user(&tables), Some(&weak)));
    // The first thing that a sign-in asks randomness for is the new salt.
    let random = auth101_testkit::random::FailingRandom::new(auth101_testkit::random::Failing::At(0));
    service.random = std::rc::Rc::new(random);
    assert_eq!(service.send(service::sign_in(EMAIL, PASSWORD)).status, 200);
    assert_eq!(block_on(tables.accounts())[0].password.as_deref(), Some(weak.as_str()));
    assert_eq!(service.observer.names(), ["signed_up", "fault", "signed_in"]);
}

#[test]
fn a_hasher_that_fails_is_an_outage_and_no_refusal() {
    let (service, tables) = sql();
    service.signed_up(EMAIL);
    service.hasher.set_error(Some(HasherError::Failed));
    for request in [service::sign_in(EMAIL, PASSWORD), service::sign_up("bob@example.com", PASSWORD)] {
        let answer = service.send(request);
        assert_eq!((answer.status, answer.header("Retry-After")), (503, None));
    }
    assert_eq!(counts(&tables), (1, 1, 1));
}

#[test]
fn where_too_many_passwords_wait_the_caller_hears_when_to_try_again() {
    let (service, tables) = sql();
    service.signed_up(EMAIL);
    service.hasher.set_error(Some(HasherError::Overloaded { retry_after: 7 }));
    for request in [
        service::sign_in(EMAIL, PASSWORD),
        service::sign_in("nobody@example.com", PASSWORD),
        service::sign_up("bob@example.com", PASSWORD),
    ] {
        let answer = service.send(request);
        assert_eq!((answer.status, answer.code().as_str()), (503, "UNAVAILABLE"));
        assert_eq!(answer.header("Retry-After"), Some("7"));
    }
    assert_eq!(counts(&tables), (1, 1, 1));
}
