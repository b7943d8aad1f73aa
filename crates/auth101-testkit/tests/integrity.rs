//! Whatever dies, fails or is run twice: the tables hang together, and nobody is told of what did not happen.

use auth101_core::{domain::identifier::UserId, http::request::Request, port::Store};
use auth101_sql::{Dialect, SqlStore};
use auth101_testkit::{
    executor::{Task, block_on, every_interleaving, run_for},
    faulty::{FaultyStore, Mishap, only_at},
    fixture::{EMAIL, counts, memory, only_user, sql, sql_store},
    mutation::NonAtomicStore,
    rusqlite::RusqliteDriver,
    service::{self, PASSWORD, Service, Tokens},
    sql_tables::SqlTables,
    tables::Tables,
};
use std::{rc::Rc, thread};

/// More polls than any flow has.
const POLLS: usize = 20;

/// What a sign-up leaves when the server dies after each number of polls.
fn remains_of_crashed_sign_ups<S: Store + Clone, T: Tables>(
    world: impl Fn() -> (Service<S>, T),
) -> Vec<(usize, usize, usize)> {
    (0..POLLS)
        .map(|polls| {
            let (service, tables) = world();
            run_for(service.answer(service::sign_up(EMAIL, PASSWORD)), polls);
            counts(&tables)
        })
        .collect()
}

#[test]
fn r01_a_crash_at_any_await_of_a_sign_up_leaves_all_rows_or_none() {
    let whole = |remains: &[(usize, usize, usize)]| remains.iter().all(|rows| [(0, 0, 0), (1, 1, 1)].contains(rows));
    assert!(whole(&remains_of_crashed_sign_ups(memory)));
    assert!(whole(&remains_of_crashed_sign_ups(sql)));
    let non_atomic = remains_of_crashed_sign_ups(|| {
        let store = NonAtomicStore::default();
        let memory = store.memory().clone();
        (Service::new(store), memory)
    });
    assert!(non_atomic.contains(&(1, 0, 0)) && non_atomic.contains(&(1, 1, 0)), "the reference's order orphans");
}

#[test]
fn r02_the_references_order_of_steps_forks_a_session() {
    let mut forks = 0;
    every_interleaving(
        || {
            let store = NonAtomicStore::default();
            let service = Service::new(store);
            let token = service.signed_up(EMAIL).refresh;
            (service, token)
        },
        |(service, token)| (0..2).map(|_| Task::new(service.answer(service::refresh(token)))).collect(),
        |(service, _), _| forks += usize::from(counts(service.store.memory()).2 > 1),
    );
    assert!(forks > 0);
}

#[test]
fn r05_of_racing_sign_ups_one_is_created_in_every_interleaving() {
    let orders = every_interleaving(
        memory,
        |(service, _)| (0..3).map(|_| Task::new(service.answer(service::sign_up(EMAIL, PASSWORD)))).collect(),
        |(_, tables), answers| {
            let mut said: Vec<(u16, String)> = answers.iter().map(|answer| (answer.status, answer.code())).collect();
            said.sort();
            let taken = (400, "USER_EXISTS".to_string());
            assert_eq!(said, [(201, String::new()), taken.clone(), taken]);
            assert_eq!(counts(tables), (1, 1, 1));
        },
    );
    assert!(orders > 1_000, "{orders}");
}

/// A database file of this test's own, gone with it.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("auth101-{name}-{}.db", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let scratch = Self(path);
        scratch.driver().create_tables();
        scratch
    }

    fn driver(&self) -> RusqliteDriver {
        RusqliteDriver::open(&self.0).unwrap_or_else(|error| unreachable!("{error:?}"))
    }

    fn service(&self) -> Service<SqlStore<RusqliteDriver>> {
        Service::new(sql_store(self.driver()))
    }

    fn tables(&self) -> SqlTables<RusqliteDriver> {
        SqlTables::new(self.driver(), Dialect::Sqlite)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What each of several threads, with a connection of its own, makes of the same work.
fn on_threads<R: Send>(threads: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = (0..threads).map(|index| scope.spawn(move || work(index))).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

#[test]
fn r02_threads_that_refresh_one_token_over_one_file_get_one_token() {
    let scratch = Scratch::new("refresh");
    let token = scratch.service().signed_up(EMAIL).refresh;
    let answers = on_threads(8, |_| {
        let service = scratch.service();
        (0..5).map(|_| service.refresh(&token).tokens().refresh).collect::<Vec<_>>()
    });
    let mut texts = answers.concat();
    assert_eq!(texts.len(), 40);
    texts.dedup();
    assert_eq!((texts.len(), counts(&scratch.tables())), (1, (1, 1, 1)));
}

#[test]
fn r05_threads_that_sign_one_address_up_over_one_file_create_one_user() {
    let scratch = Scratch::new("sign-up");
    let mut statuses = on_threads(8, |index| {
        let mut service = scratch.service();
        service.random = Rc::new(auth101_testkit::random::SeededRandom::new(index as u64));
        service.send(service::sign_up(EMAIL, PASSWORD)).status
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400, 400, 400, 400, 400, 400]);
    assert_eq!(counts(&scratch.tables()), (1, 1, 1));
}

/// Makes a request with the tokens of a session.
type Asks = fn(&Tokens) -> Request;

/// Every route.
fn routes() -> [(&'static str, Asks); 6] {
    [
        ("sign-up", |_| service::sign_up("bob@example.com", PASSWORD)),
        ("sign-in", |_| service::sign_in(EMAIL, PASSWORD)),
        ("refresh", |tokens| service::refresh(&tokens.refresh)),
        ("session", |tokens| service::session(&tokens.access)),
        ("revoke", |tokens| service::revoke(&tokens.refresh)),
        ("sign-out", |tokens| service::sign_out(&tokens.access)),
    ]
}

fn assert_faults_are_never_successes<S: Store + Clone, T: Tables>(world: impl Fn() -> (Service<S>, T)) {
    for (route, request) in routes() {
        for index in 0..3 {
            for mishap in [Mishap::FailsBefore, Mishap::FailsAfter] {
                let (service, tables) = world();
                let tokens = service.signed_up(EMAIL);
                let before = counts(&tables);
                let faulty = FaultyStore::new(service.store.clone(), only_at(index, mishap));
                let answer = service.over(faulty.clone()).send(request(&tokens));
                let case = format!("{route}, call {index}, {mishap:?}");
                if faulty.calls() <= index {
                    assert!(answer.status < 300, "{case}: no call was struck");
                    continue;
                }
                assert_eq!((answer.status, answer.code().as_str()), (503, "UNAVAILABLE"), "{case}");
                if mishap == Mishap::FailsBefore {
                    assert_eq!(counts(&tables), before, "{case}: nothing was written");
                }
                let retried = service.send(request(&tokens));
                let is_settled = retried.status < 300 || (route == "sign-up" && retried.code() == "USER_EXISTS");
                assert!(is_settled, "{case}: the retry says {}", retried.text());
                let (users, accounts, sessions) = counts(&tables);
                assert_eq!(users, accounts, "{case}");
                match route {
                    "sign-up" => {
                        assert_eq!(users, 2, "{case}");
                        assert_eq!(service.send(service::sign_in("bob@example.com", PASSWORD)).status, 200, "{case}");
                    }
                    "refresh" | "session" => assert_eq!(sessions, 1, "{case}"),
                    "revoke" | "sign-out" => assert_eq!(sessions, 0, "{case}"),
                    _ => assert!(sessions >= 2, "{case}"),
                }
            }
        }
    }
}

#[test]
fn r06_a_store_failing_at_any_call_never_yields_a_false_success() {
    assert_faults_are_never_successes(memory);
    assert_faults_are_never_successes(sql);
}

#[test]
fn r06_a_purge_that_fails_says_so() {
    let (service, _) = memory();
    let faulty = FaultyStore::new(service.store.clone(), only_at(0, Mishap::FailsAfter));
    assert!(block_on(service.over(faulty).auth().purge()).is_err());
    assert_eq!(block_on(service.auth().purge()), Ok(0));
}

#[test]
fn r07_the_end_of_a_session_stops_refresh_and_session_at_once() {
    fn holds<S: Store + Clone, T: Tables>(world: impl Fn() -> (Service<S>, T)) {
        type End<S, T> = fn(&Service<S>, &T, &Tokens, &UserId);
        let ends: [(&str, End<S, T>, &str); 4] = [
            ("revoked", |service, _, tokens, _| drop(service.send(service::revoke(&tokens.refresh))), "UNAUTHORIZED"),
            (
                "signed out",
                |service, _, tokens, _| drop(service.send(service::sign_out(&tokens.access))),
                "UNAUTHORIZED",
            ),
            ("deactivated", |_, tables, _, user| block_on(tables.set_active(user, false)), "UNAUTHORIZED"),
            ("deleted", |_, tables, _, user| block_on(tables.delete_user(user)), "USER_NOT_FOUND"),
        ];
        for (name, end, code) in ends {
            let (service, tables) = world();
            let tokens = service.signed_up(EMAIL);
            assert_eq!(service.send(service::session(&tokens.access)).status, 200);
            end(&service, &tables, &tokens, &only_user(&tables));
            let session = service.send(service::session(&tokens.access));
            assert_eq!((session.status, session.code().as_str()), (401, code), "{name}");
            assert_eq!(service.refresh(&tokens.refresh).status, 401, "{name}");
            assert_eq!(service.send(service::revoke(&tokens.refresh)).status, 200, "{name}: revoke stays idempotent");
            assert_eq!(service.send(service::sign_out(&tokens.access)).status, 200, "{name}: and sign-out");
        }
    }
    holds(memory);
    holds(sql);
}

#[test]
fn r07_revoking_a_superseded_token_ends_the_session() {
    let (service, tables) = sql();
    let first = service.signed_up(EMAIL).refresh;
    let second = service.refresh(&first).tokens();
    assert_eq!(service.send(service::revoke(&first)).status, 200);
    assert_eq!(counts(&tables).2, 0);
    assert_eq!(service.send(service::session(&second.access)).status, 401);
}

#[test]
fn r08_a_live_session_survives_every_purge_and_an_ended_one_none() {
    fn holds<S: Store + Clone, T: Tables>(world: impl Fn() -> (Service<S>, T)) {
        for (offset, purged) in [(-1, 0), (0, 1), (1, 1)] {
            let (service, tables) = world();
            service.signed_up(EMAIL);
            service.clock.advance_micros(service.config.refresh_token_seconds * 1_000_000 + offset);
            assert_eq!(block_on(service.auth().purge()), Ok(purged), "{offset} µs");
            assert_eq!(counts(&tables), (1, 1, usize::from(purged == 0)), "{offset} µs");
        }
    }
    holds(memory);
    holds(sql);
}

#[test]
fn r16_a_token_keeps_its_user_whatever_becomes_of_the_address() {
    let (service, tables) = sql();
    let tokens = service.signed_up(EMAIL);
    let ada = only_user(&tables);
    block_on(tables.set_email(&ada, "ada@example.org"));
    service.signed_up(EMAIL);
    let user_of = |token: &str| service.send(service::session(token)).json()["user"]["id"].clone();
    assert_eq!(user_of(&tokens.access), ada.as_str());
    let refreshed = service.refresh(&tokens.refresh);
    assert_eq!(refreshed.json()["user"]["id"], ada.as_str());
    assert_eq!(refreshed.json()["user"]["email"], "ada@example.org");
    assert_eq!(user_of(&refreshed.tokens().access), ada.as_str());
}
