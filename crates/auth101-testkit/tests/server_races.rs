//! Races on real servers: threads with a connection each, let go at the same moment.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "servers/mod.rs"]
mod servers;

use auth101_core::{Timestamp, domain::password_hash::Argon2Parameters};
use auth101_testkit::{
    executor::block_on,
    fixture::{EMAIL, counts, only_user},
    hasher::stored_hash,
    random::SeededRandom,
    sample,
    server_driver::ServerDriver,
    servers::Product,
    service::{self, Answer, PASSWORD, SECRET, Tokens},
    sql_tables::SqlTables,
    tables::Tables,
    token::{claims, mint},
};
use servers::{World, assert_whole, at_once, on_each_server, while_an_operator_works};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

on_each_server! {
    r05_fifty_sign_ups_of_one_address_create_one_user
    r02_fifty_refreshes_of_one_token_get_one_token
    r02_fifty_refreshes_of_a_token_without_sid_get_one_token
    r07_refreshes_racing_a_revocation_end_revoked
    r07_sign_ins_racing_a_revocation_of_the_same_user_all_get_through
    a_sign_in_waits_for_a_change_of_the_password_and_is_refused
    a_sign_in_waits_for_a_deactivation_and_is_refused
    a_sign_in_waits_for_the_deletion_of_the_user_and_is_refused
    a_refresh_waits_for_a_deactivation_and_changes_nothing
    r22_a_rehash_never_undoes_a_change_of_the_password
    no_session_survives_a_change_of_the_password_that_ends_all
    a_refresh_that_waited_for_a_rotation_judges_what_it_left
    a_mixed_load_leaves_the_tables_whole
}

/// As many as a burst of one user's tabs and scripts may be, with a connection each.
const CROWD: usize = 50;

fn said(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut counted = BTreeMap::new();
    for answer in answers {
        *counted.entry((answer.status, answer.code())).or_default() += 1;
    }
    counted
}

fn r05_fifty_sign_ups_of_one_address_create_one_user(product: Product) {
    let world = World::new(product, CROWD);
    for round in 1..=5 {
        let email = format!("ada{round}@example.com");
        let answers = at_once(CROWD, |_| world.service().send(service::sign_up(&email, PASSWORD)));
        let expected = [((201, String::new()), 1), ((400, "USER_EXISTS".to_owned()), CROWD - 1)];
        assert_eq!(said(&answers), BTreeMap::from(expected), "round {round}");
        assert_eq!(counts(&world.tables()), (round, round, round));
    }
    assert_whole(&world.tables());
}

/// The answer once the request has had its turn. A crowd may keep one waiting longer than a batch may wait for a lock, on
/// a slow machine; it is told to try again, and does.
fn in_turn(request: impl Fn() -> Answer) -> Answer {
    loop {
        let answer = request();
        if answer.status != 503 {
            return answer;
        }
    }
}

/// Every answer is a success and all carry the same refresh token, which the one row holds.
fn assert_one_token(world: &World, token: &str) {
    let answers = at_once(CROWD, |_| in_turn(|| world.service().refresh(token)));
    assert_eq!(said(&answers), BTreeMap::from([((200, String::new()), CROWD)]));
    let tokens: BTreeSet<String> = answers.iter().map(|answer| answer.tokens().refresh).collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(counts(&world.tables()), (1, 1, 1));
    let row = block_on(world.tables().sessions()).remove(0).session;
    assert!(tokens.iter().all(|token| claims(token)["jti"] == row.token.as_str()));
}

fn r02_fifty_refreshes_of_one_token_get_one_token(product: Product) {
    let world = World::new(product, CROWD);
    let first = world.service().signed_up(EMAIL).refresh;
    for _ in 0..5 {
        assert_one_token(&world, &first);
    }
}

fn r02_fifty_refreshes_of_a_token_without_sid_get_one_token(product: Product) {
    let world = World::new(product, CROWD);
    let mut claims = claims(&world.service().signed_up(EMAIL).refresh);
    claims.as_object_mut().map(|claims| claims.remove("sid"));
    let first = mint(SECRET, &claims);
    for _ in 0..5 {
        assert_one_token(&world, &first);
    }
}

fn r07_refreshes_racing_a_revocation_end_revoked(product: Product) {
    let world = World::new(product, CROWD);
    for round in 0..10 {
        let token = world.service().signed_up(&format!("ada{round}@example.com")).refresh;
        let answers = at_once(8, |index| match index {
            0 | 4 => world.service().send(service::revoke(&token)),
            _ => world.service().refresh(&token),
        });
        for (index, answer) in answers.iter().enumerate() {
            let wanted: &[u16] = if index % 4 == 0 { &[200] } else { &[200, 401] };
            assert!(wanted.contains(&answer.status), "{}", answer.text());
        }
        assert_eq!(counts(&world.tables()).2, 0, "round {round}");
        assert_eq!(world.service().refresh(&token).status, 401);
    }
}

/// They meet on the user's rows from two sides: a sign-in by the index over users, a revocation by the key.
fn r07_sign_ins_racing_a_revocation_of_the_same_user_all_get_through(product: Product) {
    let world = World::new(product, CROWD);
    let service = world.service();
    service.signed_up(EMAIL);
    for round in 0..5 {
        let tokens: Vec<Tokens> =
            (0..CROWD / 2).map(|_| service.send(service::sign_in(EMAIL, PASSWORD)).tokens()).collect();
        let answers = at_once(CROWD, |index| {
            let service = world.service();
            match tokens.get(index) {
                Some(tokens) if index % 2 == 0 => service.send(service::revoke(&tokens.refresh)),
                Some(tokens) => service.send(service::sign_out(&tokens.access)),
                None => in_turn(|| service.send(service::sign_in(EMAIL, PASSWORD))),
            }
        });
        assert_eq!(said(&answers), BTreeMap::from([((200, String::new()), CROWD)]), "round {round}");
    }
    assert_whole(&world.tables());
}

fn assert_a_sign_in_is_overtaken(product: Product, work: &[&str]) {
    let world = World::new(product, 4);
    world.service().signed_up(EMAIL);
    let answer = while_an_operator_works(&world, work, || world.service().send(service::sign_in(EMAIL, PASSWORD)));
    assert_eq!((answer.status, answer.code().as_str()), (401, "INVALID_CREDENTIALS"));
    assert_eq!(counts(&world.tables()).2, 0, "no session survives");
}

fn a_sign_in_waits_for_a_change_of_the_password_and_is_refused(product: Product) {
    assert_a_sign_in_is_overtaken(product, &["UPDATE account SET password = 'changed'", "DELETE FROM session"]);
}

fn a_sign_in_waits_for_a_deactivation_and_is_refused(product: Product) {
    assert_a_sign_in_is_overtaken(product, &["UPDATE users SET is_active = FALSE", "DELETE FROM session"]);
}

fn a_sign_in_waits_for_the_deletion_of_the_user_and_is_refused(product: Product) {
    let work = ["DELETE FROM users", "DELETE FROM account", "DELETE FROM session"];
    assert_a_sign_in_is_overtaken(product, &work);
}

/// Had it rotated and then been refused, the client's token would look copied once the user is active again.
fn a_refresh_waits_for_a_deactivation_and_changes_nothing(product: Product) {
    let world = World::new(product, 4);
    let token = world.service().signed_up(EMAIL).refresh;
    let before = block_on(world.tables().sessions());
    let work = ["UPDATE users SET is_active = FALSE"];
    let answer = while_an_operator_works(&world, &work, || world.service().refresh(&token));
    assert_eq!((answer.status, answer.code().as_str()), (401, "SESSION_NOT_FOUND"));
    assert_eq!(block_on(world.tables().sessions()), before);
    block_on(world.tables().set_active(&only_user(&world.tables()), true));
    assert_eq!(world.service().refresh(&token).status, 200);
}

/// A hash that a sign-in replaces by a better one.
fn weak_hash() -> String {
    stored_hash(PASSWORD, Argon2Parameters { memory: 8, iterations: 1, parallelism: 1 })
}

fn r22_a_rehash_never_undoes_a_change_of_the_password(product: Product) {
    let world = World::new(product, CROWD);
    world.service().signed_up(EMAIL);
    let (tables, user) = (world.tables(), only_user(&world.tables()));
    let stored = || block_on(tables.accounts()).remove(0).password;
    block_on(tables.set_password(&user, Some(&weak_hash())));
    let sign_in = || world.service().send(service::sign_in(EMAIL, PASSWORD));
    assert_eq!(sign_in().status, 200);
    assert_ne!(stored(), Some(weak_hash()), "a rehash is due");

    block_on(tables.set_password(&user, Some(&weak_hash())));
    let work = ["UPDATE account SET password = 'changed'", "DELETE FROM session"];
    assert_eq!(while_an_operator_works(&world, &work, sign_in).status, 401);
    assert_eq!(stored().as_deref(), Some("changed"));

    for round in 0..20 {
        block_on(tables.set_password(&user, Some(&weak_hash())));
        let statuses = at_once(4, |index| {
            if index == 0 {
                block_on(world.tables().set_password(&user, Some("changed")));
                return 200;
            }
            sign_in().status
        });
        assert!(statuses.iter().all(|status| [200, 401].contains(status)), "{statuses:?}");
        assert_eq!(stored().as_deref(), Some("changed"), "round {round}");
    }
}

fn no_session_survives_a_change_of_the_password_that_ends_all(product: Product) {
    let world = World::new(product, CROWD);
    world.service().signed_up(EMAIL);
    let user = only_user(&world.tables());
    let good = block_on(world.tables().accounts()).remove(0).password;
    for round in 0..20 {
        block_on(world.tables().set_password(&user, good.as_deref()));
        let statuses = at_once(8, |index| {
            if index == 0 {
                operate(&world.operator(), &["UPDATE account SET password = 'changed'", "DELETE FROM session"]);
                return 200;
            }
            world.service().send(service::sign_in(EMAIL, PASSWORD)).status
        });
        assert!(statuses.iter().all(|status| [200, 401].contains(status)), "{statuses:?}");
        assert_eq!(counts(&world.tables()).2, 0, "round {round}");
    }
}

/// An operator's transaction, in the isolation that the server gives unasked, and again where it lost to ours.
fn operate(operator: &ServerDriver, work: &[&str]) {
    let transaction = [&["BEGIN"], work, &["COMMIT"]].concat();
    while operator.execute(&transaction).is_err() {
        operator.execute(&["ROLLBACK"]).unwrap();
    }
}

fn a_refresh_that_waited_for_a_rotation_judges_what_it_left(product: Product) {
    let world = World::new(product, 4);
    let service = world.service();
    let first = service.signed_up(EMAIL).refresh;
    let successor = service.refresh(&first).tokens().refresh;
    let (first_id, successor_id) = (claims(&first)["jti"].clone(), claims(&successor)["jti"].clone());
    let unrotate = format!("UPDATE session SET token = '{}'", first_id.as_str().unwrap_or_default());
    world.operator().execute(&[&unrotate]).unwrap();
    // Another node rotates; by the time of this one the grace period after it is over.
    let rotate = format!("UPDATE session SET token = '{}'", successor_id.as_str().unwrap_or_default());
    let answer = while_an_operator_works(&world, &[&rotate], || {
        let service = world.service();
        service.clock.advance(11);
        service.refresh(&first)
    });
    assert_eq!((answer.status, answer.code().as_str()), (401, "SESSION_NOT_FOUND"));
    assert_eq!(counts(&world.tables()).2, 0, "reuse ends the session");
}

/// Who works on the mixed load.
const WORKERS: usize = 8;
/// How much each of them does.
const ACTIONS: usize = 200;
/// How many addresses they share.
const ADDRESSES: u64 = 5;

fn a_mixed_load_leaves_the_tables_whole(product: Product) {
    let world = World::new(product, CROWD);
    let issued: Mutex<Vec<Tokens>> = Mutex::default();
    // A shared clock that each action moves, so that the run does not depend on the machine's.
    let time = AtomicI64::new(sample::start().micros());
    let answers = at_once(WORKERS, |worker| {
        let dice = SeededRandom::new(worker as u64);
        let (service, operator) = (world.service(), world.operator());
        (0..ACTIONS)
            .filter_map(|_| {
                service.clock.set(Timestamp::from_micros(time.fetch_add(70_000, Ordering::Relaxed)));
                let email = format!("user{}@example.com", dice.below(ADDRESSES));
                let tokens = {
                    let issued = issued.lock().unwrap();
                    // The youngest ones: old ones are superseded, and would end their sessions.
                    let recent = &issued[issued.len().saturating_sub(10)..];
                    (!recent.is_empty()).then(|| dice.pick(recent).clone())
                };
                let request = match (dice.below(20), tokens) {
                    (0 | 1, _) => service::sign_up(&email, PASSWORD),
                    (2, _) => {
                        set_active(&operator, &email, false);
                        return None;
                    }
                    (3 | 4, _) => {
                        set_active(&operator, &email, true);
                        return None;
                    }
                    (5, _) => {
                        block_on(service.auth().purge()).unwrap();
                        return None;
                    }
                    (6..=10, Some(tokens)) => service::refresh(&tokens.refresh),
                    (11..=13, Some(tokens)) => service::session(&tokens.access),
                    (14, Some(tokens)) => service::revoke(&tokens.refresh),
                    (15, Some(tokens)) => service::sign_out(&tokens.access),
                    _ => service::sign_in(&email, PASSWORD),
                };
                let path = request.path.clone();
                let answer = service.send(request);
                if answer.json().get("refresh_token").is_some() {
                    issued.lock().unwrap().push(answer.tokens());
                }
                Some((path, answer))
            })
            .collect::<Vec<_>>()
    })
    .concat();
    for (path, answer) in &answers {
        assert!([200, 201, 400, 401].contains(&answer.status), "{path}: {}", answer.text());
    }
    let successes: BTreeSet<&str> =
        answers.iter().filter(|(_, answer)| answer.status < 300).map(|(path, _)| path.as_str()).collect();
    assert_eq!(successes.len(), 6, "every route had its successes: {successes:?}");
    let created = answers.iter().filter(|(_, answer)| answer.status == 201).count();
    let tables = world.tables();
    assert_eq!(counts(&tables).0, created, "a user for every sign-up that was answered 201");
    assert_whole(&tables);
    assert_no_inactive_user_has_a_session(&tables);
}

/// Deactivation, as an operator does it who means it: the sessions go too.
fn set_active(operator: &ServerDriver, email: &str, active: bool) {
    let set = format!("UPDATE users SET is_active = {active} WHERE email = '{email}'");
    let end = format!("DELETE FROM session WHERE user_id IN (SELECT id FROM users WHERE email = '{email}')");
    let work: &[&str] = if active { &[&set] } else { &[&set, &end] };
    operate(operator, work);
}

fn assert_no_inactive_user_has_a_session(tables: &SqlTables<ServerDriver>) {
    let (users, sessions) = block_on(async { (tables.users().await, tables.sessions().await) });
    let inactive = users.iter().filter(|user| !user.is_active);
    for user in inactive {
        assert!(sessions.iter().all(|row| row.session.user_id != user.id), "{}", user.email);
    }
}
