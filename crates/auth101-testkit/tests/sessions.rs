//! The properties of the paced chain that take a service to see: what one batch must do is in the store suite, and the
//! simulator judges whole lives of sessions. Each property holds for the service over its SQL, and fails for the mutation
//! that it is there to catch: a property that broken SQL also has shows nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "an expectation that fails here is a test that fails"
)]

use auth101_core::{Secret, domain::identifier::UserId, port::Clock};
use auth101_testkit::{
    browser::SavingRule,
    executor::{Task, block_on, every_interleaving, run_for},
    faulty::{FaultyDriver, never},
    fixture::{self, World, sql_store},
    locked::{Held, LockedDriver, Locks, Wait, Waiting},
    mutation::{MutatedDriver, Mutation},
    sample,
    service::{self, Answer, PASSWORD, SECRET, config},
    store_suite,
    tables::Tables,
    token::{self, claims, token_id},
};
use serde_json::json;
use std::{cell::RefCell, rc::Rc};

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

/// The property holds for the product, and for none of its mutations.
macro_rules! assert_property {
    ($property:ident, $($mutation:expr),+ $(,)?) => {
        assert_eq!($property(World::new(None)), Ok(()));
        $(
            let verdict = $property(World::new(Some($mutation)));
            assert!(verdict.is_err(), "the property does not see {:?}", $mutation);
        )+
    };
}

/// What these tests do with a world.
trait Chain {
    fn at(&self, micros: i64);
    fn sign_up(&self) -> service::Tokens;
    fn live_rows(&self) -> usize;
}

impl Chain for World {
    fn at(&self, micros: i64) {
        self.service.clock.set(sample::later(sample::start(), micros));
    }

    fn sign_up(&self) -> service::Tokens {
        self.service.signed_up(fixture::EMAIL)
    }

    fn live_rows(&self) -> usize {
        self.sessions().len()
    }
}

/// The refresh token of a success.
fn refreshed(answer: &Answer) -> Result<String, String> {
    if answer.status == 200 { Ok(answer.tokens().refresh) } else { Err(format!("{} {}", answer.status, answer.text())) }
}

#[test]
fn r02_racing_refreshes_leave_one_row_and_carry_one_refresh_token() {
    fn property(world: World) -> Verdict {
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
            let world = World::new(None);
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
fn r04_a_token_superseded_before_the_grace_period_ends_the_session() {
    fn property(world: World) -> Verdict {
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
                let lives = world.sessions().iter().any(|row| row.id == session);
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
fn r07_refresh_and_revoke_end_revoked_in_every_interleaving() {
    let orders = every_interleaving(
        || {
            let world = World::new(None);
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

const NEW_SECRET: &str = "another secret of the tests, as long as it should be";

#[test]
fn r13_a_change_of_secret_raises_no_alarm() {
    fn property(before: Option<Mutation>, after: Option<Mutation>) -> Verdict {
        let world = World::new(before);
        let first = world.sign_up().refresh;
        let second = token_id(&refreshed(&world.service.refresh(&first))?);
        // The answer was lost; the retry reaches a node that has the new secret already.
        let mut service = world.service.over(sql_store(MutatedDriver::new(world.driver.inner().clone(), after)));
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
    assert_eq!(property(None, None), Ok(()));
    let keyed = ["old", "new"].map(|key| Some(Mutation::SuccessorKeyedBy(key)));
    assert!(property(keyed[0], keyed[1]).is_err(), "the property does not see a keyed successor");
}

#[test]
fn a_crash_after_detection_leaves_no_session() {
    fn property(mutation: Option<Mutation>) -> Verdict {
        for polls in 0..8 {
            let world = World::new(mutation);
            let first = world.sign_up().refresh;
            refreshed(&world.service.refresh(&first))?;
            world.at((GRACE + 1) * SECOND);
            let calls = world.driver.inner().calls();
            run_for(world.service.answer(service::refresh(&first)), polls);
            let detected = world.driver.inner().calls() > calls;
            require!(!detected || world.live_rows() == 0, "detected, crashed after {polls} polls, and lives");
        }
        Ok(())
    }
    assert_eq!(property(None), Ok(()));
    assert!(property(Some(Mutation::EndsInSecondBatch)).is_err());
}

#[test]
fn r02_all_responders_give_identical_bytes() {
    fn property(world: World) -> Verdict {
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
    fn property(mut world: World) -> Verdict {
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
fn a_client_with_the_saving_rule_is_never_logged_out_by_races() {
    // Two tabs of one browser refresh a token that was rotated once. The first finds it paced; the second comes when it
    // is due and rotates it; the answers arrive in the wrong order.
    fn property(rule: SavingRule) -> Verdict {
        let world = World::new(None);
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
    fn property(waiting: Waiting, mutation: Option<Mutation>) -> Verdict {
        for held in [0, 1, 1_999, 2_000, 2_001, 4_999, 5_000, 5_001, 7_000, 9_999, 10_001, 60_000] {
            let World { service, tables, .. } = World::new(None);
            let clock = service.clock.clone();
            let (locks, wait) = (Locks::default(), Rc::new(Wait::default()));
            let driver =
                LockedDriver::new(tables.driver().clone(), clock.clone(), waiting, locks.clone(), Rc::clone(&wait));
            let service = service.over(sql_store(MutatedDriver::new(FaultyDriver::new(driver, never()), mutation)));
            let refresh = |token: &str| {
                let mut request = Task::new(service.answer(service::refresh(token)));
                loop {
                    if let Some(answer) = request.step() {
                        break answer;
                    }
                    wait.until.take().inspect(|until| clock.set(*until));
                }
            };
            let token = refreshed(&service.refresh(&service.signed_up(fixture::EMAIL).refresh))?;
            service.clock.advance(GRACE + 1);
            let before = block_on(tables.sessions());
            locks.hold(Held::Everything, sample::later(clock.now(), held * 1_000));
            // Its answer, if there is one, is lost.
            let lost = refresh(&token);
            let after = block_on(tables.sessions());
            require!([200, 503].contains(&lost.status), "{} after {held} ms", lost.text());
            require!((before == after) == (lost.status == 503), "{} after {held} ms, and a row", lost.text());
            clock.set(sample::later(clock.now(), TIMEOUT));
            let answer = refresh(&token);
            require!([200, 503].contains(&answer.status), "{} after {held} ms", answer.text());
            service.clock.advance(60);
            // Whatever the client holds now, the session goes on.
            let kept = if answer.status == 200 { answer.tokens().refresh } else { token };
            refreshed(&service.refresh(&kept)).map_err(|error| format!("{error} after {held} ms"))?;
        }
        Ok(())
    }
    assert_eq!(property(Waiting::AtTheDatabase, None), Ok(()));
    assert_eq!(property(Waiting::InConflicts, None), Ok(()), "one bound over all attempts");
    let unbounded = property(Waiting::AtTheDatabase, Some(Mutation::OutlivesDeadline));
    assert!(unbounded.is_err(), "the property does not see a batch without a bound");
}

#[test]
fn a_purge_never_removes_a_session_that_a_refresh_has_extended() {
    fn property(mutation: Option<Mutation>) -> Verdict {
        let verdict = RefCell::new(Ok(()));
        every_interleaving(
            || {
                let world = World::new(mutation);
                let token = world.sign_up().refresh;
                let ends = world.sessions()[0].expires_at;
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
    assert_eq!(property(None), Ok(()));
    let unguarded = property(Some(Mutation::PurgeGuardedInSubSelect));
    assert!(unguarded.is_err(), "the property does not see the sub-select");
}

#[test]
fn a_token_that_python_minted_is_rotated_into_one_of_ours() {
    let world = World::new(None);
    world.sign_up();
    let session = world.sessions().remove(0);
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
