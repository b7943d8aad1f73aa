//! Servers that are killed, full, cut off or read-only, and connections that others have left in disorder: nothing that
//! was answered is lost, nothing else is kept, and the same driver works again by itself.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "servers/mod.rs"]
mod servers;

use auth101_core::token::successor::successor;
use auth101_sql::{SqlDriver, SqlError, Statement};
use auth101_testkit::{
    executor::block_on,
    fixture::{EMAIL, counts, only_user},
    server_driver::ServerDriver,
    servers::Product,
    service::{self, Answer, PASSWORD, every_route},
    tables::Tables,
    token::{session_id, token_id},
};
use servers::{ServerService, World, assert_whole, on_each_server, service_over, shared, start};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

on_each_server! {
    r06_a_server_killed_under_load_keeps_what_was_answered
    an_exhausted_pool_is_unavailable_and_recovers
    a_strangers_abandoned_transaction_is_never_committed
    a_connection_works_whatever_a_stranger_has_set
    a_connection_cut_between_two_statements_leaves_nothing
    a_server_that_only_reads_is_told_as_what_it_is
    a_server_without_a_connection_to_give_is_unavailable
    a_server_that_cannot_be_reached_is_unavailable
}

fn assert_unavailable(answer: &Answer, case: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (503, "UNAVAILABLE"), "{case}: {}", answer.text());
    assert_eq!(answer.message(), "Service temporarily unavailable", "{case}");
}

/// How often a server is killed.
const KILLS: usize = 4;
/// Who sends requests meanwhile.
const WORKERS: usize = 8;
/// After how many answers the server dies.
const ANSWERS: usize = 60;

/// What a worker has been told when its server dies.
struct Told {
    /// Sign-ups that were answered with success.
    created: Vec<String>,
    /// The sign-up that was answered 503, if it was one.
    unanswered: Option<String>,
    /// The last refresh token.
    newest: String,
}

/// Signs up and refreshes by turns, as somebody who has signed up already, until a request is answered 503.
fn work_until_the_end(service: &ServerService, name: &str, newest: String, answered: &AtomicUsize) -> Told {
    let mut told = Told { created: vec![format!("{name}@example.com")], unanswered: None, newest };
    for number in 0.. {
        let email = format!("{name}-{number}@example.com");
        let answer = service.send(service::sign_up(&email, PASSWORD));
        if answer.status == 503 {
            told.unanswered = Some(email);
            break;
        }
        assert_eq!(answer.status, 201, "{}", answer.text());
        told.created.push(email);
        let answer = service.refresh(&told.newest);
        if answer.status == 503 {
            break;
        }
        assert_eq!(answer.status, 200, "{}", answer.text());
        told.newest = answer.tokens().refresh;
        answered.fetch_add(2, Ordering::Relaxed);
    }
    told
}

fn r06_a_server_killed_under_load_keeps_what_was_answered(product: Product) {
    let mut server = start(product);
    let world = World::on(&server, WORKERS);
    // Without grace every refresh rotates.
    let service = || world.service_with(|options| options.refresh_grace_period = 0);
    for kill in 0..KILLS {
        let answered = AtomicUsize::new(0);
        let told: Vec<Told> = thread::scope(|scope| {
            let (answered, service) = (&answered, &service);
            // All are signed up before the first request counts: a slow one would else find the server dead already.
            let names = (0..WORKERS).map(|worker| format!("w{kill}-{worker}"));
            let begun: Vec<_> =
                names.map(|name| (service().signed_up(&format!("{name}@example.com")).refresh, name)).collect();
            let workers: Vec<_> = begun
                .into_iter()
                .map(|(token, name)| scope.spawn(move || work_until_the_end(&service(), &name, token, answered)))
                .collect();
            while answered.load(Ordering::Relaxed) < ANSWERS && workers.iter().all(|worker| !worker.is_finished()) {
                thread::yield_now();
            }
            server.kill();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        assert!(answered.into_inner() >= ANSWERS, "a worker gave up before the server was killed");
        server.restart().unwrap();

        let service = service();
        let sign_in = || service.send(service::sign_in(&told[0].created[0], PASSWORD)).status;
        let refused = (0..=WORKERS).take_while(|_| sign_in() == 503).count();
        assert!(refused <= WORKERS, "the driver does not recover");
        for _ in 0..WORKERS {
            assert_eq!(sign_in(), 200, "it stays recovered");
        }
        let tables = world.tables();
        assert_whole(&tables);
        let users: BTreeSet<String> = block_on(tables.users()).into_iter().map(|user| user.email).collect();
        let sessions = block_on(tables.sessions());
        for Told { created, unanswered, newest } in told {
            assert!(created.iter().all(|email| users.contains(email)), "a sign-up that was answered is there");
            let row = sessions.iter().find(|row| row.session.id == session_id(&newest)).unwrap();
            let (answered, next) = (token_id(&newest), successor(&token_id(&newest)));
            assert!([answered, next].contains(&row.session.token), "a refresh that was answered is there");
            if let Some(email) = unanswered {
                let retried = service.send(service::sign_up(&email, PASSWORD));
                let is_settled = retried.status == 201 || retried.code() == "USER_EXISTS";
                assert!(is_settled, "the retry says {}", retried.text());
                assert_eq!(service.send(service::sign_in(&email, PASSWORD)).status, 200);
            }
        }
    }
}

fn an_exhausted_pool_is_unavailable_and_recovers(product: Product) {
    let url = World::new(product, 1).url;
    let driver = ServerDriver::with_patience(&url, 1, Duration::from_millis(20));
    let service = service_over(driver.clone(), |_| ());
    let tokens = service.signed_up(EMAIL);
    for (route, request) in every_route(EMAIL, &tokens) {
        let answer = driver.while_busy(|| service.send(request)).unwrap();
        assert_unavailable(&answer, route);
        assert!(answer.headers.iter().any(|(name, value)| name == "Content-Type" && value == "application/json"));
    }
    for (route, request) in every_route(EMAIL, &tokens) {
        assert!(service.send(request).status < 300, "{route} works again");
    }
}

const STRANGER: &str = "INSERT INTO users (id, name, email, email_verified, is_active, created_at, updated_at) \
    VALUES ('stranger', '', 'stranger@example.com', FALSE, TRUE, '2026-01-01 00:00:00', '2026-01-01 00:00:00')";

fn a_strangers_abandoned_transaction_is_never_committed(product: Product) {
    let world = World::new(product, 1);
    let service = world.service();
    let tokens = service.signed_up(EMAIL);
    for (route, request) in every_route(EMAIL, &tokens) {
        world.driver.execute(&["BEGIN", STRANGER]).unwrap();
        assert!(service.send(request).status < 300, "{route}");
        let users = block_on(world.tables().users());
        assert!(users.iter().all(|user| user.id.as_str() != "stranger"), "{route} committed it");
    }
}

fn a_connection_works_whatever_a_stranger_has_set(product: Product) {
    let world = World::new(product, 1);
    let service = world.service();
    let disorder: &[&[&str]] = match product {
        Product::Postgres => &[
            &["SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"],
            &["SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE"],
            &["SET TIME ZONE 'Asia/Tokyo'", "SET DateStyle = 'SQL, DMY'"],
            &["BEGIN READ ONLY"],
            &["BEGIN", "a transaction that has failed"],
        ],
        Product::MariaDb => &[
            &["SET SESSION TRANSACTION READ ONLY"],
            &["SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"],
            &["SET time_zone = '+09:00'"],
            &["SET autocommit = 0", STRANGER],
            &["LOCK TABLES users READ"],
            &["START TRANSACTION READ ONLY"],
            &["SET sql_mode = 'ANSI'"],
            &["SET sql_mode = ''"],
        ],
    };
    for (number, statements) in (0..).zip(disorder) {
        // The last one is meant to fail at its last statement.
        let _ = world.driver.execute(statements);
        let email = format!("ada{number}@example.com");
        let tokens = service.signed_up(&email);
        let refreshed = service.refresh(&tokens.refresh);
        assert_eq!(refreshed.status, 200, "{statements:?}: {}", refreshed.text());
        assert_eq!(service.send(service::sign_in(&email, PASSWORD)).status, 200, "{statements:?}");
    }
    assert_whole(&world.tables());
    assert_eq!(counts(&world.tables()).0, disorder.len());
    let born: BTreeSet<_> = block_on(world.tables().sessions()).iter().map(|row| row.session.created_at).collect();
    assert_eq!(born.len(), 1, "no time was shifted");
}

/// The first statement writes, the second waits for a lock; then the connection dies.
fn a_connection_cut_between_two_statements_leaves_nothing(product: Product) {
    let world = World::new(product, 2);
    let service = world.service();
    service.signed_up(EMAIL);
    let user = only_user(&world.tables());
    let (operator, watcher) = (world.operator(), world.operator());
    operator.execute(&["BEGIN", "UPDATE users SET name = 'locked'"]).unwrap();
    let outcome = thread::scope(|scope| {
        let batch = scope.spawn(|| {
            let statement = |sql| Statement { sql, parameters: Vec::new() };
            let update = format!("UPDATE users SET name = 'ours' WHERE id = '{}'", user.as_str());
            block_on(world.driver.batch(&[statement(STRANGER), statement(&update)]))
        });
        while watcher.waiting().is_empty() {
            assert!(!batch.is_finished(), "the second statement waits");
            thread::yield_now();
        }
        watcher.cut(&watcher.waiting()[0]);
        batch.join().unwrap()
    });
    operator.execute(&["ROLLBACK"]).unwrap();
    assert_eq!(outcome, Err(SqlError::Unavailable));
    let users = block_on(world.tables().users());
    assert_eq!(users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), [""]);
    assert_eq!(service.send(service::sign_in(EMAIL, PASSWORD)).status, 200, "the pool works on");
}

fn a_server_that_only_reads_is_told_as_what_it_is(product: Product) {
    let mut server = start(product);
    let world = World::on(&server, 2);
    let tokens = world.service().signed_up(EMAIL);
    let service = match product {
        Product::Postgres => {
            server.set_standby(true).unwrap();
            server.restart().unwrap();
            service_over(ServerDriver::new(&world.url, 2), |_| ())
        }
        Product::MariaDb => {
            // Administrators may write all the same.
            let user = ["CREATE USER app", "GRANT ALL ON *.* TO app", "REVOKE SUPER, READ ONLY ADMIN ON *.* FROM app"];
            world.operator().execute(&user).unwrap();
            world.operator().execute(&["SET GLOBAL read_only = 1"]).unwrap();
            service_over(ServerDriver::new(&world.url.replace("root@", "app@"), 2), |_| ())
        }
    };
    for (route, request) in every_route(EMAIL, &tokens) {
        let answer = service.send(request);
        // A read on its own is answered where the server allows it.
        if route == "session" && answer.status == 200 {
            continue;
        }
        assert_eq!((answer.status, answer.code().as_str()), (500, "INTERNAL_ERROR"), "{route}: {}", answer.text());
        let told = service.observer.take().into_iter().map(|event| event.to_json()["cause"].clone());
        assert_eq!(told.collect::<Vec<_>>(), ["read_only_server"], "{route}");
    }
    match product {
        Product::Postgres => {
            server.set_standby(false).unwrap();
            server.restart().unwrap();
        }
        Product::MariaDb => world.operator().execute(&["SET GLOBAL read_only = 0"]).unwrap(),
    }
    let session = || service.send(service::session(&tokens.access)).status;
    assert!((0..3).any(|_| session() == 200), "the driver recovers");
    for (route, request) in every_route(EMAIL, &tokens) {
        assert!(service.send(request).status < 300, "{route} works again");
    }
}

fn a_server_without_a_connection_to_give_is_unavailable(product: Product) {
    let world = World::new(product, 1);
    let url = match product {
        Product::Postgres => {
            let user = ["CREATE ROLE few LOGIN CONNECTION LIMIT 1", "GRANT ALL ON users, account, session TO few"];
            world.operator().execute(&user).unwrap();
            world.url.replace("postgres@", "few@")
        }
        Product::MariaDb => {
            let user = ["CREATE USER few WITH MAX_USER_CONNECTIONS 1", "GRANT ALL ON *.* TO few"];
            world.operator().execute(&user).unwrap();
            world.url.replace("root@", "few@")
        }
    };
    let other = ServerDriver::new(&url, 1);
    let service = service_over(ServerDriver::new(&url, 1), |_| ());
    let refused = other.while_busy(|| service.send(service::sign_up(EMAIL, PASSWORD))).unwrap();
    assert_unavailable(&refused, "the only connection is another's");
    drop(other);
    // The server takes a moment to see that the other one has gone.
    let sign_up = || service.send(service::sign_up(EMAIL, PASSWORD)).status;
    let last = (0..).map(|_| sign_up()).find(|status| *status != 503);
    assert_eq!(last, Some(201));
}

fn a_server_that_cannot_be_reached_is_unavailable(product: Product) {
    let url = shared(product).database();
    let database = url.rsplit('/').next().unwrap_or_default();
    let port = url.rsplit(':').next().and_then(|rest| rest.split('/').next()).unwrap_or_default();
    for (case, url) in [
        ("nobody listens", url.replace(&format!(":{port}/"), ":1/")),
        ("no such database", url.replace(database, "nowhere")),
        ("no such user", url.replace("//root@", "//nobody:wrong@").replace("//postgres@", "//nobody:wrong@")),
    ] {
        let answer = service_over(ServerDriver::new(&url, 1), |_| ()).send(service::sign_up(EMAIL, PASSWORD));
        assert_unavailable(&answer, case);
    }
}
