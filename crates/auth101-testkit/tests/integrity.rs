//! Whatever dies, fails or is run twice: the tables hang together, and nobody is told of what did not happen.

#![allow(clippy::unwrap_used, reason = "an expectation that fails here is a test that fails")]

use auth101_testkit::{
    executor::{Task, block_on, every_interleaving, run_for},
    faulty::{FaultyDriver, Mishap, only_at},
    fixture::{EMAIL, World, counts, sql, sql_store},
    mutation::Mutation,
    service::{self, PASSWORD, every_route},
};

/// More polls than any flow has.
const POLLS: usize = 20;

/// What a sign-up leaves when the server dies after each number of polls.
fn remains_of_crashed_sign_ups(mutation: Option<Mutation>) -> Vec<(usize, usize, usize)> {
    (0..POLLS)
        .map(|polls| {
            let World { service, tables, .. } = World::new(mutation);
            run_for(service.answer(service::sign_up(EMAIL, PASSWORD)), polls);
            counts(&tables)
        })
        .collect()
}

#[test]
fn r01_a_crash_at_any_await_of_a_sign_up_leaves_all_rows_or_none() {
    let remains = remains_of_crashed_sign_ups(None);
    assert!(remains.iter().all(|rows| [(0, 0, 0), (1, 1, 1)].contains(rows)), "{remains:?}");
    let torn = remains_of_crashed_sign_ups(Some(Mutation::NotOneTransaction));
    assert!(torn.contains(&(1, 0, 0)) && torn.contains(&(1, 1, 0)), "separate transactions orphan: {torn:?}");
}

#[test]
fn r05_of_racing_sign_ups_one_is_created_in_every_interleaving() {
    let orders = every_interleaving(
        sql,
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

#[test]
fn r06_a_store_failing_at_any_call_never_yields_a_false_success() {
    for number in 0..6 {
        for index in 0..3 {
            for mishap in [Mishap::FailsBefore, Mishap::FailsAfter] {
                let (service, tables) = sql();
                let tokens = service.signed_up(EMAIL);
                let before = counts(&tables);
                let route = || every_route(EMAIL, &tokens).into_iter().nth(number).unwrap();
                let ((route, request), retry) = (route(), route().1);
                let faulty = FaultyDriver::new(tables.driver().clone(), only_at(index, mishap));
                let answer = service.over(sql_store(faulty.clone())).send(request);
                let case = format!("{route}, call {index}, {mishap:?}");
                if faulty.calls() <= index {
                    assert!(answer.status < 300, "{case}: no call was struck");
                    continue;
                }
                assert_eq!((answer.status, answer.code().as_str()), (503, "UNAVAILABLE"), "{case}");
                if mishap == Mishap::FailsBefore {
                    assert_eq!(counts(&tables), before, "{case}: nothing was written");
                }
                let retried = service.send(retry);
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
fn r06_a_purge_that_fails_says_so() {
    let (service, tables) = sql();
    let faulty = FaultyDriver::new(tables.driver().clone(), only_at(0, Mishap::FailsAfter));
    assert!(block_on(service.over(sql_store(faulty)).auth().purge()).is_err());
    assert_eq!(block_on(service.auth().purge()), Ok(0));
}

#[test]
fn r08_a_live_session_survives_every_purge_and_an_ended_one_none() {
    for (offset, purged) in [(-1, 0), (0, 1), (1, 1)] {
        let (service, tables) = sql();
        service.signed_up(EMAIL);
        service.clock.advance_micros(service.config.refresh_token_seconds * 1_000_000 + offset);
        assert_eq!(block_on(service.auth().purge()), Ok(purged), "{offset} µs");
        assert_eq!(counts(&tables), (1, 1, usize::from(purged == 0)), "{offset} µs");
    }
}
