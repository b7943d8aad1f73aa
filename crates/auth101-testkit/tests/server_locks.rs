//! What a transaction of the host's that holds locks does to ours, and ours to the host's, on real servers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "servers/mod.rs"]
mod servers;

use auth101_testkit::{
    executor::block_on,
    fixture::{EMAIL, counts, only_user},
    servers::Product,
    service::{self, PASSWORD},
    tables::Tables,
};
use servers::{World, on_each_server, while_an_operator_works};
use std::{thread, time::Duration};

on_each_server! {
    a_transaction_that_references_a_user_delays_nothing_of_theirs
    a_user_that_a_batch_shares_may_be_referenced
    a_locked_user_delays_nobody_else
    r46_a_refresh_that_is_given_up_writes_nothing
    r46_a_refresh_is_given_up_within_half_the_grace_period
    r46_a_purge_never_removes_a_session_that_a_refresh_extends_meanwhile
}

/// A table of the host's that references users.
const ORDERS: &str = "CREATE TABLE orders (user_id VARCHAR(36) NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id))";
const ORDER: &str = "INSERT INTO orders (user_id) SELECT id FROM users";

fn a_transaction_that_references_a_user_delays_nothing_of_theirs(product: Product) {
    let world = World::new(product, 2);
    let tokens = world.service().signed_up(EMAIL);
    let host = world.operator();
    host.execute(&[ORDERS, "BEGIN", ORDER]).unwrap();
    // With a stronger lock, each would wait for the host's COMMIT and be given up.
    assert_eq!(world.service().send(service::sign_in(EMAIL, PASSWORD)).status, 200);
    assert_eq!(world.service().refresh(&tokens.refresh).status, 200);
    assert_eq!(world.service().send(service::revoke(&tokens.refresh)).status, 200);
    host.execute(&["COMMIT"]).unwrap();
}

fn a_user_that_a_batch_shares_may_be_referenced(product: Product) {
    let world = World::new(product, 2);
    world.service().signed_up(EMAIL);
    let user = only_user(&world.tables());
    let (batch, host) = (world.operator(), world.operator());
    let rendered = servers::statements(world.driver.dialect());
    let steps = rendered.steps();
    let (_, refresh) = steps.iter().find(|(step, _)| step.starts_with("refresh_session (")).unwrap();
    let user = format!("'{}'", user.as_str());
    let lock = refresh[0].sql().replace("CAST($1 AS TEXT)", &user).replace('?', &user);
    assert!(lock.contains("users"), "{lock}");
    host.execute(&[ORDERS]).unwrap();
    batch.execute(&["BEGIN", &lock]).unwrap();
    let impatient = match product {
        Product::Postgres => "SET lock_timeout = '100ms'",
        Product::MariaDb => "SET SESSION innodb_lock_wait_timeout = 1",
    };
    host.execute(&[impatient, ORDER]).unwrap();
    let deactivation = host.execute(&["UPDATE users SET is_active = FALSE"]);
    assert!(deactivation.is_err(), "a deactivation waits for the end of the batch");
    batch.execute(&["COMMIT"]).unwrap();
}

fn a_locked_user_delays_nobody_else(product: Product) {
    let world = World::new(product, 2);
    let (ada, bob) = (world.service().signed_up(EMAIL), world.service().signed_up("bob@example.com"));
    let host = world.operator();
    host.execute(&["BEGIN", "UPDATE users SET name = 'held' WHERE email = 'ada@example.com'"]).unwrap();
    let before = block_on(world.tables().sessions());
    // Twice as many as there are connections.
    thread::scope(|scope| {
        let refreshes: Vec<_> = (0..4).map(|_| scope.spawn(|| world.service().refresh(&ada.refresh).status)).collect();
        while world.operator().waiting().is_empty() {
            thread::yield_now();
        }
        assert_eq!(world.service().send(service::session(&bob.access)).status, 200);
        assert_eq!(world.service().refresh(&bob.refresh).status, 200);
        for refresh in refreshes {
            assert_eq!(refresh.join().unwrap(), 503);
        }
    });
    host.execute(&["ROLLBACK"]).unwrap();
    let hers = |rows: &[auth101_core::domain::session::NewSession]| {
        let id = auth101_testkit::token::session_id(&ada.refresh);
        rows.iter().find(|row| row.session.id == id).map(|row| row.session.clone())
    };
    assert_eq!(hers(&block_on(world.tables().sessions())), hers(&before), "what was given up has written nothing");
    assert_eq!(world.service().refresh(&ada.refresh).status, 200);
}

fn r46_a_refresh_that_is_given_up_writes_nothing(product: Product) {
    let world = World::new(product, 2);
    let service = world.service();
    let token = service.signed_up(EMAIL).refresh;
    let host = world.operator();
    host.execute(&["BEGIN", "UPDATE session SET user_agent = 'held'"]).unwrap();
    let before = block_on(world.tables().sessions());
    let answer = service.refresh(&token);
    assert_eq!((answer.status, answer.code().as_str()), (503, "UNAVAILABLE"));
    host.execute(&["ROLLBACK"]).unwrap();
    assert_eq!(block_on(world.tables().sessions()), before);
    // Much later, as if the first request had been stamped long ago: the honest retry is no theft.
    service.clock.advance(60);
    assert_eq!(service.refresh(&token).status, 200);
}

fn r46_a_refresh_is_given_up_within_half_the_grace_period(product: Product) {
    let world = World::new(product, 2);
    let service = world.service_with(|options| options.refresh_grace_period = 1);
    let token = service.signed_up(EMAIL).refresh;
    let host = world.operator();
    host.execute(&["BEGIN", "UPDATE session SET user_agent = 'held'"]).unwrap();
    let answer = thread::scope(|scope| {
        // Sooner than the longest wait for a lock is over, and later than the grace period is.
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(1_200));
            host.execute(&["COMMIT"]).unwrap();
        });
        service.refresh(&token)
    });
    assert_eq!(answer.status, 503, "{}", answer.text());
}

fn r46_a_purge_never_removes_a_session_that_a_refresh_extends_meanwhile(product: Product) {
    let world = World::new(product, 2);
    world.service().signed_up(EMAIL);
    world.operator().execute(&["UPDATE session SET expires_at = '2025-01-01 00:00:00'"]).unwrap();
    // What a refresh does that read the clock before the session was over.
    let extend = ["UPDATE session SET expires_at = '2027-01-01 00:00:00'"];
    let purged = while_an_operator_works(&world, &extend, || block_on(world.service().auth().purge()));
    assert_eq!(purged, Ok(0));
    assert_eq!(counts(&world.tables()).2, 1, "the session lives");
}
