//! What sign-in tells, and what it costs, in each of its branches.

#![allow(clippy::indexing_slicing, reason = "an index that is out of range is a failed test")]

use auth101_core::{
    domain::{password_hash::Argon2Parameters, user::User},
    port::{HasherError, Store},
};
use auth101_testkit::{
    executor::{Task, block_on, every_interleaving, give_way},
    fixture::{EMAIL, counts, memory, only_user, sql},
    hasher::stored_hash,
    memory::MemoryStore,
    mutation::{MutatedStore, Mutation},
    service::{self, Answer, PASSWORD, Service},
    tables::{AccountRow, Tables},
};

/// Below what is configured, so that a sign-in replaces it.
const WEAK: Argon2Parameters = Argon2Parameters { memory: 8_192, iterations: 1, parallelism: 1 };

/// How a branch of the sign-in is set up over a user who has just signed up.
type SetUp<T> = fn(&T, &User);

/// Every branch that reads credentials and fails: its name, its setting, and the password that is tried.
fn failing_branches<T: Tables>() -> Vec<(&'static str, SetUp<T>, &'static str)> {
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

fn assert_failures_are_alike<S: Store + Clone, T: Tables>(world: impl Fn() -> (Service<S>, T)) {
    let mut answers = Vec::new();
    for (name, set_up, password) in failing_branches::<T>() {
        let (service, tables) = world();
        service.signed_up(EMAIL);
        set_up(&tables, &block_on(tables.users())[0]);
        let before = counts(&tables);
        let answer = service.send(service::sign_in(EMAIL, password));
        assert_eq!(service.hasher.verifications(), 1, "{name}: verifications");
        assert_eq!(service.observer.names(), ["signed_up", "sign_in_failed"], "{name}");
        assert_eq!(counts(&tables), before, "{name}: nothing was written");
        answers.push((name, answer));
    }
    let (service, tables) = world();
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
fn r19_r20_every_failing_sign_in_verifies_once_and_answers_the_same_bytes() {
    assert_failures_are_alike(memory);
    assert_failures_are_alike(sql);
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
    let (service, tables) = memory();
    service.signed_up(EMAIL);
    let steps = tables.steps();
    for (email, password) in [("", PASSWORD), (" ", PASSWORD), (EMAIL, ""), (EMAIL, &"x".repeat(4_097))] {
        assert_eq!(service.send(service::sign_in(email, password)).code(), "INVALID_CREDENTIALS");
    }
    assert_eq!((service.hasher.verifications(), tables.steps()), (0, steps));
}

/// A sign-in that rehashes, and a change of the password, in every order: which hashes are left.
fn hashes_after_races<S: Store + Clone>(store: impl Fn(MemoryStore) -> S) -> Vec<String> {
    let changed = stored_hash("the new password", WEAK);
    let mut left = Vec::new();
    let orders = every_interleaving(
        || {
            let memory = MemoryStore::default();
            let service = Service::new(store(memory.clone()));
            service.signed_up(EMAIL);
            block_on(memory.set_password(&only_user(&memory), Some(&stored_hash(PASSWORD, WEAK))));
            (service, memory)
        },
        |(service, memory)| {
            let user = only_user(memory);
            let changed = changed.clone();
            vec![
                Task::new(async move { service.answer(service::sign_in(EMAIL, PASSWORD)).await.status }),
                Task::new(async move {
                    for _ in 0..2 {
                        give_way().await;
                    }
                    memory.set_password(&user, Some(&changed)).await;
                    0
                }),
            ]
        },
        |(_, memory), statuses| {
            assert!([200, 401].contains(&statuses[0]), "{statuses:?}");
            left.push(memory.rows().accounts[0].password.clone().unwrap_or_default());
        },
    );
    assert_eq!(orders, left.len());
    left.retain(|hash| *hash != changed);
    left
}

#[test]
fn r22_a_rehash_never_undoes_a_change_of_the_password() {
    assert_eq!(hashes_after_races(|memory| memory), [""; 0]);
    let undone = hashes_after_races(|memory| MutatedStore::new(memory, Mutation::UnguardedRehash));
    assert!(!undone.is_empty(), "the test does not see an unguarded rehash");
}

/// Two sign-ins with the right password over a hash that is due for replacement: both have read the old one when the
/// first replaces it.
fn assert_both_sign_in<S: Store + Clone, T: Tables>(world: impl Fn() -> (Service<S>, T)) {
    let (service, tables) = world();
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
fn r22_a_rehash_never_fails_another_sign_in_with_the_same_password() {
    assert_both_sign_in(memory);
    assert_both_sign_in(sql);
}

#[test]
fn r22_a_rehash_that_fails_never_fails_the_sign_in() {
    let (mut service, tables) = memory();
    service.signed_up(EMAIL);
    let weak = stored_hash(PASSWORD, WEAK);
    block_on(tables.set_password(&only_user(&tables), Some(&weak)));
    // The first thing that a sign-in asks randomness for is the new salt.
    let random = auth101_testkit::random::FailingRandom::new(auth101_testkit::random::Failing::At(0));
    service.random = std::rc::Rc::new(random);
    assert_eq!(service.send(service::sign_in(EMAIL, PASSWORD)).status, 200);
    assert_eq!(tables.rows().accounts[0].password.as_deref(), Some(weak.as_str()));
    assert_eq!(service.observer.names(), ["signed_up", "fault", "signed_in"]);
}

#[test]
fn a_hasher_that_fails_is_an_outage_and_no_refusal() {
    let (service, tables) = memory();
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
    let (service, tables) = memory();
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
