//! A Spin component that puts the drivers of [`auth101_spin`] and the store over them to the test, on the databases that
//! its host gives it. `spin.toml` beside this says how it is asked.

#![forbid(unsafe_code)]
// The exports of a component have names that other linkers do not take.
#![cfg(target_family = "wasm")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a claim that fails ends the instance")]

use auth101_spin::Database;
use auth101_sql::{Entities, SqlDriver, SqlError, SqlStore, Statement, schema};
use auth101_testkit::{run_driver_suite, run_store_suite, sql_tables::SqlTables};
use bytes::Bytes;
use spin_sdk::{
    http::{BoxBody, FullBody, Request, Response, StatusCode, body::stream, box_body},
    http_service,
    time::sleep,
    variables,
    wit_bindgen::spawn,
};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

#[http_service]
async fn serve(request: Request) -> Response<BoxBody> {
    let (sender, body) = stream::<Bytes>();
    let mut sender = sender;
    let say = move |line: String| sender.try_send(Bytes::from(line)).expect("the caller reads along");
    match request.uri().path() {
        "/driver/sqlite" => spawn(driver(sqlite(), say)),
        "/store/sqlite" => spawn(store(sqlite(), say)),
        "/driver/postgres" => spawn(driver(postgres().await, say)),
        "/store/postgres" => spawn(store(postgres().await, say)),
        "/abandon/sqlite" => spawn(abandon_sqlite(say)),
        "/abandon/postgres" => spawn(abandon_postgres(postgres().await, say)),
        _ => return unknown(),
    }
    Response::new(box_body(body))
}

fn unknown() -> Response<BoxBody> {
    let paths = "the paths are /driver/, /store/ and /abandon/, each with sqlite or postgres\n";
    let mut response = Response::new(box_body(FullBody::new(Bytes::from_static(paths.as_bytes()))));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn sqlite() -> Database {
    Database::parse("sqlite").expect("that is a database")
}

async fn postgres() -> Database {
    let address = variables::get("auth_database").await.expect("spin.toml declares it");
    Database::parse(&address).expect("auth_database is the address of a PostgreSQL server")
}

async fn driver(database: Database, mut say: impl FnMut(String)) {
    let dialect = database.dialect();
    let mut held = 0;
    run_driver_suite!(async { (database.clone(), dialect) }, |claim| {
        held += 1;
        say(format!("ok {claim}\n"));
    });
    say(format!("done {held}\n"));
}

async fn store(database: Database, mut say: impl FnMut(String)) {
    let dialect = database.dialect();
    let statements = Rc::new(database.statements(&Entities::default()));
    let mut held = 0;
    run_store_suite!(
        async {
            make_empty_tables(&database).await;
            (SqlStore::new(database.clone(), Rc::clone(&statements)), SqlTables::new(database.clone(), dialect))
        },
        |claim| {
            held += 1;
            say(format!("ok {claim}\n"));
        }
    );
    say(format!("done {held}\n"));
}

/// Gives a batch up in the middle of its second statement, and writes once more in the same instance: the connection that
/// was given up must not live as long as the instance does, and keep others from writing.
async fn abandon_sqlite(mut say: impl FnMut(String)) {
    let database = sqlite();
    // Seconds on any machine.
    let long = "SELECT (WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 20000000) \
                SELECT max(n) FROM counted) AS second";
    say(give_up(&database, ["INSERT INTO abandoned (id) VALUES (1)", long]).await);
    let mut written = Err(SqlError::Conflict);
    // The host runs a statement to its end, also where nobody waits for it any more.
    while written == Err(SqlError::Conflict) {
        let sql = "INSERT INTO abandoned (id) VALUES (2)";
        written = database.batch(&[Statement { sql, parameters: Vec::new() }]).await.map(drop);
    }
    say(format!("then {written:?}\n"));
}

/// Gives a batch up in the middle of its second statement.
async fn abandon_postgres(database: Database, mut say: impl FnMut(String)) {
    say(give_up(&database, ["SELECT 1 AS first", "SELECT pg_sleep(2) IS NULL AS second"]).await);
}

async fn give_up(database: &Database, batch: [&str; 2]) -> String {
    let batch = batch.map(|sql| Statement { sql, parameters: Vec::new() });
    let mut batch = Box::pin(database.batch(&batch));
    let mut pause = pin!(sleep(Duration::from_millis(500)));
    let ended = poll_fn(|context| match batch.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending => pause.as_mut().poll(context).map(|()| false),
    })
    .await;
    drop(batch);
    if ended { "ended\n" } else { "abandoned\n" }.to_owned()
}

async fn make_empty_tables(database: &Database) {
    let entities = Entities::default();
    let empty = entities.iter().map(|entity| format!("DELETE FROM \"{}\"", entity.name));
    let sql: Vec<String> = schema::create_statements(database.dialect(), &entities).into_iter().chain(empty).collect();
    let batch: Vec<Statement<'_>> = sql.iter().map(|sql| Statement { sql, parameters: Vec::new() }).collect();
    database.batch(&batch).await.expect("the statements are valid");
}
