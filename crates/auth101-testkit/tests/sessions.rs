//! The properties of the paced chain, one test a row of the table in `docs/sessions.md`. Each holds for the service over
//! the store in memory and over SQL, and fails for the mutation that it is there to catch: a property that a broken
//! store also has shows nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "an expectation that fails here is a test that fails"
)]

use auth101_core::{
    Secret,
    domain::identifier::UserId,
    port::{Clock, Store},
    time::Resolution,
};
use auth101_sql::{Dialect, SqlStore};
use auth101_testkit::{
    browser::SavingRule,
    clock::TestClock,
    executor::{Task, block_on, every_interleaving, run_for},
    faulty::{FaultyStore, Mishap, only_at},
    fixture,
    locked::{LockedDriver, Waiting},
    memory::{MemoryStore, sessions_of},
    mutation::{MutatedStore, Mutation},
    rusqlite::RusqliteDriver,
    sample,
    service::{self, Answer, PASSWORD, SECRET, Service, config},
    sql_tables::SqlTables,
    store_suite,
    tables::Tables,
    token::{self, claims, token_id},
};
use serde_json::json;
use std::{cell::RefCell, time::Duration};

/// What a property found, where it does not hold.
type Verdict = Result<(), String>;

macro_rules! require {
    ($condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err(format!($($what)+));
        }
    };
}

/// The grace period of these services, in seconds.
const GRACE: i64 = 10;
const SECOND: i64 = 1_000_000;

/// A service and the tables behind it.
struct World<S, T> {
    service: Service<S>,
    tables: T,
}

fn over<S: Store + Clone, T: Tables>(store: S, tables: T) -> World<S, T> {
    World { service: Service::new(store), tables }
}

fn memory() -> World<MemoryStore, MemoryStore> {
    let (service, tables) = fixture::memory();
    World { service, tables }
}

fn sql() -> World<SqlStore<RusqliteDriver>, SqlTables<RusqliteDriver>> {
    let (service, tables) = fixture::sql();
    World { service, tables }
}

fn mutated(mutation: Mutation) -> World<MutatedStore, MemoryStore> {
    let memory = MemoryStore::default();
    over(MutatedStore::new(memory.clone(), mutation), memory)
}

/// The property holds for the product, and for none of its mutations.
macro_rules! assert_property {
    ($property:ident, $($mutation:expr),+ $(,)?) => {
        assert_eq!($property(memory()), Ok(()), "in memory");
        assert_eq!($property(sql()), Ok(()), "over SQL");
        $(
            let verdict = $property(mutated($mutation));
            assert!(verdict.is_err(), "the property does not see {:?}", $mutation);
        )+
    };
}

impl<S: Store + Clone, T: Tables> World<S, T> {
    fn at(&self, micros: i64) {
        self.service.clock.set(sample::later(sample::start(), micros));
    }

    fn sign_up(&self) -> service::Tokens {
        self.service.signed_up(fixture::EMAIL)
    }

    fn ada(&self) -> UserId {
        block_on(self.tables.users())[0].id.clone()
    }

    fn live_rows(&self) -> usize {
        sessions_of(&self.tables).len()
    }
}

/// The refresh token of a success.
fn refreshed(answer: &Answer) -> Result<String, String> {
    if answer.status == 200 { Ok(answer.tokens().refresh) } else { Err(format!("{} {}", answer.status, answer.text())) }
}

#[test]
fn r02_racing_refreshes_leave_one_row_and_carry_one_refresh_token() {
    fn property<S: Store + Clone, T: Tables>(world: World<S, T>) -> Verdict {
        let tokens = world.sign_up();
        let mut texts = Vec::new();
        for micros in [1, 2, SECOND, GRACE * SECOND] {
            world.at(micros);
            texts.push(refreshed(&world.service.refresh(&tokens.refresh))?);
        }
        texts.dedup();
        require!(texts.len() == 1, "{} refresh tokens", texts.len());
        require!(world.live_rows() == 1, "{} live rows", world.live_rows());
        Ok(())
    }
    assert_property!(property, Mutation::ReplayMintsSibling);
}

#[test]
fn r02_every_interleaving_of_three_refreshes_gives_one_token() {
    let orders = every_interleaving(
        || {
            let world = memory();
            let token = world.sign_up().refresh;
            (world, token)
        },
        |(world, token)| (0..3).map(|_| Task::new(world.service.answer(service::refresh(token)))).collect(),
        |(world, _), answers| {
            let mut texts: Vec<String> = answers.iter().map(|answer| refreshed(answer).unwrap()).collect();
            texts.dedup();
            assert_eq!((answers.len(), texts.len(), world.live_rows()), (3, 1, 1));
        },
    );
    assert_eq!(orders, 90, "three times two polls");
}

#[test]
fn a_token_superseded_within_the_grace_period_is_accepted() {
    fn property<S: Store + Clone, T: Tables>(world: World<S, T>) -> Verdict {
        // A tab that is behind presents each token at the last moment of its grace period, while another tab refreshes
        // as fast as pacing lets it.
        let mut current = world.sign_up().refresh;
        let mut stamp = 0;
        for _ in 0..4 {
            world.at(stamp);
            let next = refreshed(&world.service.refresh(&current))?;
            for micros in [0, 1, GRACE * SECOND / 2, GRACE * SECOND - 1, GRACE * SECOND] {
                world.at(stamp + micros);
                let newest = refreshed(&world.service.refresh(&next))?;
                let replayed = refreshed(&world.service.refresh(&current))
                    .map_err(|answer| format!("superseded {micros} µs ago: {answer}"))?;
                require!(replayed == newest, "a replay got another token than the current one");
            }
            current = next;
            stamp += GRACE * SECOND + 1;
        }
        Ok(())
    }
    assert_property!(property, Mutation::NoPacing, Mutation::PaceShorterBy(1), Mutation::PaceShorterBy(SECOND));
}

#[test]
fn r04_a_token_superseded_before_the_grace_period_ends_the_session() {
    fn property<S: Store + Clone, T: Tables>(world: World<S, T>) -> Verdict {
        for generations in 1..4 {
            for late in [1, SECOND, 100 * SECOND] {
                world.at(0);
                let answer = world.service.send(service::sign_up(&format!("{generations}-{late}@b"), PASSWORD));
                let stolen = answer.tokens().refresh;
                let mut current = stolen.clone();
                let mut stamp = 0;
                for generation in 0..generations {
                    stamp = generation * (GRACE * SECOND + 1);
                    world.at(stamp);
                    current = refreshed(&world.service.refresh(&current))?;
                }
                // The parent is reused after its grace period; an older one at once, right after the last rotation.
                world.at(if generations == 1 { stamp + GRACE * SECOND + late } else { stamp + late % GRACE });
                let answer = world.service.refresh(&stolen);
                require!(answer.code() == "SESSION_NOT_FOUND", "{} for the old token", answer.text());
                let session = token::session_id(&stolen);
                let lives = sessions_of(&world.tables).iter().any(|row| row.id == session);
                require!(!lives, "the session outlived the reuse of a token {generations} back");
                let answer = world.service.refresh(&current);
                require!(answer.code() == "SESSION_NOT_FOUND", "{} for the current token", answer.text());
            }
        }
        let alarms = world.service.observer.names().iter().filter(|name| **name == "refresh_reuse_detected").count();
        require!(alarms == 9, "{alarms} events for 9 reuses");
        Ok(())
    }
    assert_property!(property, Mutation::ReuseOnlyRefused, Mutation::AnyAncestorAccepted);
}

#[test]
fn a_replay_never_prolongs_the_window() {
    fn property<S: Store + Clone, T: Tables>(world: World<S, T>) -> Verdict {
        let first = world.sign_up().refresh;
        world.at(0);
        refreshed(&world.service.refresh(&first))?;
        let before = sessions_of(&world.tables);
        for micros in [SECOND, GRACE * SECOND] {
            world.at(micros);
            refreshed(&world.service.refresh(&first))?;
            require!(sessions_of(&world.tables) == before, "a replay changed the row");
        }
        world.at(GRACE * SECOND + 1);
        require!(world.service.refresh(&first).status == 401, "the window was prolonged");
        Ok(())
    }
    assert_property!(property, Mutation::ReplayTouches);
}

/// Answers of a request whose every batch is run twice by the platform.
fn run_twice<S: Store + Clone>(service: &Service<S>, token: &str) -> Answer {
    service.over(FaultyStore::new(service.store.clone(), only_at(0, Mishap::RunsTwice))).refresh(token)
}

#[test]
fn a_batch_that_is_run_again_gives_the_same_answer_also_without_grace() {
    fn property<S: Store + Clone, T: Tables>(mut world: World<S, T>) -> Verdict {
        for grace in [0, 10] {
            world.service.config = config(|options| options.refresh_grace_period = grace);
            let mut token = world.service.signed_up(&format!("{grace}@b")).refresh;
            for generation in 0..3 {
                world.at(i64::from(grace + 1) * (generation + 1) * SECOND);
                token = refreshed(&run_twice(&world.service, &token))?;
            }
        }
        Ok(())
    }
    assert_property!(property, Mutation::OwnStampIgnored);
}

#[test]
fn r07_a_revoked_session_stays_revoked() {
    fn property<S: Store + Clone, T: Tables>(world: World<S, T>) -> Verdict {
        let first = world.sign_up().refresh;
        let second = refreshed(&world.service.refresh(&first))?;
        require!(world.service.send(service::revoke(&second)).status == 200, "revoke");
        for token in [&first, &second] {
            let answer = world.service.refresh(token);
            require!(answer.status == 401, "{} after the revocation", answer.status);
            require!(world.live_rows() == 0, "the session is back");
        }
        require!(world.service.send(service::revoke(&first)).status == 200, "revoke is idempotent");
        Ok(())
    }
    assert_property!(property, Mutation::RefreshUpserts);
}

#[test]
fn r07_refresh_and_revoke_end_revoked_in_every_interleaving() {
    let orders = every_interleaving(
        || {
            let world = memory();
            let first = world.sign_up().refresh;
            let current = world.service.refresh(&first).tokens().refresh;
            world.at((GRACE + 1) * SECOND);
            (world, current)
        },
        |(world, token)| {
            vec![
                Task::new(world.service.answer(service::refresh(token))),
                Task::new(world.service.answer(service::refresh(token))),
                Task::new(world.service.answer(service::revoke(token))),
            ]
        },
        |(world, _), answers| assert_eq!((answers[2].status, world.live_rows()), (200, 0)),
    );
    assert_eq!(orders, 90);
}

#[test]
fn a_refused_refresh_changes_nothing() {
    fn property<S: Store + Clone, T: Tables>(world: World<S, T>) -> Verdict {
        let first = world.sign_up().refresh;
        block_on(world.tables.set_active(&world.ada(), false));
        let before = sessions_of(&world.tables);
        world.at(SECOND);
        let answer = world.service.refresh(&first);
        require!(answer.code() == "SESSION_NOT_FOUND", "{}", answer.text());
        require!(sessions_of(&world.tables) == before, "the refusal changed the row");
        block_on(world.tables.set_active(&world.ada(), true));
        // Much later, so that a rotation that nobody was told of would look like reuse.
        world.at(100 * SECOND);
        refreshed(&world.service.refresh(&first)).map(|_| ())
    }
    assert_property!(property, Mutation::NoActiveGuard);
}

/// A refresh token as the Python package mints it: without `sid`.
fn without_sid(token: &str) -> String {
    let mut claims = claims(token);
    claims.as_object_mut().unwrap().remove("sid");
    token::mint(SECRET, &claims)
}

#[test]
fn revoking_a_token_without_sid_ends_its_successor() {
    fn property<S: Store + Clone, T: Tables>(world: World<S, T>) -> Verdict {
        let pythons = without_sid(&world.sign_up().refresh);
        let ours = refreshed(&world.service.refresh(&pythons))?;
        require!(world.service.send(service::revoke(&pythons)).status == 200, "revoke");
        require!(world.live_rows() == 0, "the successor lives on");
        require!(world.service.refresh(&ours).status == 401, "the successor is accepted");
        Ok(())
    }
    assert_property!(property, Mutation::RevokeByTokenOnly);
}

const NEW_SECRET: &str = "another secret of the tests, as long as it should be";

#[test]
fn r13_a_change_of_secret_raises_no_alarm() {
    fn before_and_after<S: Store + Clone, T: Tables>(before: World<S, T>, after: S) -> Verdict {
        let first = before.sign_up().refresh;
        let second = token_id(&refreshed(&before.service.refresh(&first))?);
        // The answer was lost; the retry reaches a node that has the new secret already.
        let mut service = before.service.over(after);
        service.config = config(|options| {
            options.secret = Some(Secret::new(NEW_SECRET.into()));
            options.previous_secrets = vec![Secret::new(SECRET.into())];
        });
        service.clock.advance(1);
        let replayed = refreshed(&service.refresh(&first))?;
        require!(token_id(&replayed) == second, "another successor under the new secret");
        service.clock.advance(GRACE + 1);
        let third = refreshed(&service.refresh(&replayed))?;
        require!(token_id(&third) != second, "the chain goes on");
        Ok(())
    }
    let world = memory();
    let store = world.service.store.clone();
    assert_eq!(before_and_after(world, store), Ok(()));
    let world = sql();
    let store = world.service.store.clone();
    assert_eq!(before_and_after(world, store), Ok(()));

    let world = mutated(Mutation::SuccessorKeyedBy("old"));
    let store = MutatedStore::new(world.service.store.memory().clone(), Mutation::SuccessorKeyedBy("new"));
    assert!(before_and_after(world, store).is_err(), "the property does not see a keyed successor");
}

#[test]
fn a_crash_after_detection_leaves_no_session() {
    fn property<S: Store + Clone>(store: impl Fn(MemoryStore) -> S) -> Verdict {
        for polls in 0..8 {
            let memory = MemoryStore::default();
            let world = over(store(memory.clone()), memory);
            let first = world.sign_up().refresh;
            refreshed(&world.service.refresh(&first))?;
            world.at((GRACE + 1) * SECOND);
            let steps = world.tables.steps();
            run_for(world.service.answer(service::refresh(&first)), polls);
            let detected = world.tables.steps() > steps;
            require!(!detected || world.live_rows() == 0, "detected, crashed after {polls} polls, and lives");
        }
        Ok(())
    }
    assert_eq!(property(|memory| memory), Ok(()));
    assert!(property(|memory| MutatedStore::new(memory, Mutation::EndsInSecondBatch)).is_err());
}

#[test]
fn r02_all_responders_give_identical_bytes() {
    fn property<S: Store + Clone, T: Tables>(world: World<S, T>) -> Verdict {
        let first = world.sign_up().refresh;
        let rotated = refreshed(&world.service.refresh(&first))?;
        for (micros, presented) in [(1_500_000, &first), (GRACE * SECOND, &first), (GRACE * SECOND, &rotated)] {
            world.at(micros);
            require!(refreshed(&world.service.refresh(presented))? == rotated, "other bytes after {micros} µs");
        }
        Ok(())
    }
    assert_property!(property, Mutation::StampOfRequest);
}

#[test]
fn r08_the_absolute_lifetime_holds_to_the_microsecond() {
    /// In seconds.
    const LIFETIME: i64 = 600;
    fn property<S: Store + Clone, T: Tables>(mut world: World<S, T>) -> Verdict {
        for (offset, lives) in [(-1, true), (0, false), (1, false)] {
            world.at(0);
            world.service.config = config(|_| ());
            // A token that was issued before the lifetime was configured: its own `exp` knows nothing of it.
            let token = world.service.signed_up(&format!("{offset}@b"));
            world.service.config = config(|options| options.session_absolute_lifetime = Some(10.0));
            world.at(LIFETIME * SECOND + offset);
            let session = world.service.send(service::session(&token.access)).status;
            require!((session == 200) == lives, "the session route says {session} {offset} µs from the end");
            let answer = world.service.refresh(&token.refresh);
            require!((answer.status == 200) == lives, "{} {offset} µs from the end", answer.text());
            require!(lives || answer.message() == "Session expired", "{}", answer.text());
            let remaining = usize::from(lives);
            require!(world.live_rows() == remaining, "{} rows", world.live_rows());
            if lives {
                let exp = claims(&answer.tokens().refresh)["exp"].as_i64();
                let end = sample::start().plus_seconds(LIFETIME).seconds();
                require!(exp == Some(end), "a token that outlives its session");
            }
            block_on(world.tables.delete_sessions(&claims(&token.access)["sub"].as_str().map(UserId::new).unwrap()));
        }
        Ok(())
    }
    assert_property!(property, Mutation::NoBirthGuard);
}

#[test]
fn with_whole_second_datetimes_the_window_is_from_g_to_g_and_a_second() {
    fn property(store: impl Fn() -> MemoryStore) -> Verdict {
        for fraction in [0, 1, 250_000, 499_999, 500_000, 999_999] {
            for (age, accepted) in [
                (0, Some(true)),
                (GRACE * SECOND, Some(true)),
                (GRACE * SECOND - 1, Some(true)),
                ((GRACE + 1) * SECOND, Some(false)),
                (GRACE * SECOND + SECOND / 2, None),
            ] {
                let memory = store();
                let world = over(memory.clone(), memory);
                let begin = 750_000 + fraction;
                world.at(begin - 100 * SECOND);
                let first = world.sign_up().refresh;
                world.at(begin);
                refreshed(&world.service.refresh(&first))?;
                world.at(begin + age);
                let status = world.service.refresh(&first).status;
                let is_right = accepted.is_none_or(|accepted| (status == 200) == accepted);
                require!(is_right, "{status} at the age of {age} µs, rotated at a fraction of {fraction} µs");
            }
        }
        Ok(())
    }
    assert_eq!(property(|| MemoryStore::new(Resolution::Seconds)), Ok(()));
    assert!(property(MemoryStore::that_rounds_unannounced).is_err(), "the property does not see rounding");
}

#[test]
fn a_client_with_the_saving_rule_is_never_logged_out_by_races() {
    // Two tabs of one browser refresh a token that was rotated once. The first finds it paced; the second comes when it
    // is due and rotates it; the answers arrive in the wrong order.
    fn property(rule: SavingRule) -> Verdict {
        let world = memory();
        let first = world.sign_up();
        let rotated = world.service.refresh(&first.refresh).tokens();
        let storage = RefCell::new(auth101_testkit::browser::Storage { tokens: Some(rotated.clone()) });
        world.at(GRACE * SECOND);
        let paced = world.service.refresh(&rotated.refresh).tokens();
        world.at(GRACE * SECOND + 1);
        let newer = world.service.refresh(&rotated.refresh).tokens();
        storage.borrow_mut().save(rule, &rotated.refresh, newer);
        storage.borrow_mut().save(rule, &rotated.refresh, paced);
        world.at(2 * GRACE * SECOND + 2);
        let stored = storage.borrow().tokens.clone().unwrap();
        refreshed(&world.service.refresh(&stored.refresh)).map(|_| ())
    }
    assert_eq!(property(SavingRule::UnlessOvertaken), Ok(()));
    assert!(property(SavingRule::Unconditionally).is_err(), "the property does not see a careless client");
}

#[test]
fn a_refresh_delayed_by_locks_for_any_time_never_ends_an_honest_session() {
    /// When the client gives an exchange up, and tries once more.
    const TIMEOUT: i64 = 4 * SECOND;
    fn property(waiting: Waiting) -> Verdict {
        for held in [0, 1, 1_999, 2_000, 2_001, 4_999, 5_000, 5_001, 7_000, 9_999, 10_001, 60_000] {
            let (driver, clock) = (RusqliteDriver::migrated(), TestClock::default());
            let driver = LockedDriver::new(driver, clock.clone(), waiting);
            let mut service = Service::new(fixture::sql_store(driver.clone()));
            service.clock = clock.clone();
            let token = refreshed(&service.refresh(&service.signed_up(fixture::EMAIL).refresh))?;
            service.clock.advance(GRACE + 1);
            let before = sessions_of(&SqlTables::new(driver.clone(), Dialect::Sqlite));
            driver.lock(Duration::from_millis(held));
            // Its answer, if there is one, is lost.
            let lost = service.refresh(&token);
            let after = sessions_of(&SqlTables::new(driver.clone(), Dialect::Sqlite));
            require!([200, 503].contains(&lost.status), "{} after {held} ms", lost.text());
            require!((before == after) == (lost.status == 503), "{} after {held} ms, and a row", lost.text());
            clock.set(sample::later(clock.now(), TIMEOUT));
            let answer = service.refresh(&token);
            require!([200, 503].contains(&answer.status), "{} after {held} ms", answer.text());
            service.clock.advance(60);
            // Whatever the client holds now, the session goes on.
            let kept = if answer.status == 200 { answer.tokens().refresh } else { token };
            refreshed(&service.refresh(&kept)).map_err(|error| format!("{error} after {held} ms"))?;
        }
        Ok(())
    }
    assert_eq!(property(Waiting::AtTheDatabase), Ok(()));
    assert_eq!(property(Waiting::InConflicts), Ok(()), "one bound over all attempts");
    assert!(property(Waiting::Regardless).is_err(), "the property does not see a batch without a bound");
}

#[test]
fn a_purge_never_removes_a_session_that_a_refresh_has_extended() {
    fn property<S: Store + Clone, T: Tables>(world: impl Fn() -> World<S, T>) -> Verdict {
        let verdict = RefCell::new(Ok(()));
        every_interleaving(
            || {
                let world = world();
                let token = world.sign_up().refresh;
                let ends = sessions_of(&world.tables)[0].expires_at;
                world.service.clock.set(sample::later(ends, -SECOND));
                (world, token, ends)
            },
            |(world, token, ends)| {
                vec![
                    Task::new(async move { Some(world.service.answer(service::refresh(token)).await) }),
                    // By a node whose clock is a second ahead.
                    Task::new(async move {
                        store_suite::purge(&world.service.store, sample::horizon(*ends)).await.unwrap();
                        None
                    }),
                ]
            },
            |(world, ..), answers| {
                let is_extended = answers.iter().flatten().any(|answer| answer.status == 200);
                if is_extended && world.live_rows() == 0 {
                    *verdict.borrow_mut() = Err("a session was removed after it had been extended".to_owned());
                }
            },
        );
        verdict.into_inner()
    }
    assert_eq!(property(memory), Ok(()), "in memory");
    assert_eq!(property(sql), Ok(()), "over SQL");
    assert!(
        property(|| mutated(Mutation::PurgeGuardedInSubSelect)).is_err(),
        "the property does not see the sub-select"
    );
}

#[test]
fn a_token_that_python_minted_is_rotated_into_one_of_ours() {
    let world = memory();
    let session = sessions_of(&{
        world.sign_up();
        world.tables.clone()
    })[0]
        .clone();
    let now = world.service.clock.now();
    let pythons = token::mint(
        SECRET,
        &json!({
            "sub": session.user_id.as_str(), "iat": now.seconds(), "exp": now.seconds() + 60,
            "email": "ada@example.com", "type": "refresh", "jti": session.token.as_str(),
        }),
    );
    let ours = refreshed(&world.service.refresh(&pythons)).unwrap();
    assert_eq!(token::session_id(&ours), session.id);
    assert_eq!(refreshed(&world.service.refresh(&pythons)), Ok(ours), "and replayed within the grace period");
}
