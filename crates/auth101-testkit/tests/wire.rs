//! Replays tests/wire natively: the core, the SQL store on every database, the real hashes and the real clock. Once with
//! the names that tables and columns have by default, once with others.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "servers/mod.rs"]
mod servers;

use auth101_core::{
    Auth101, Config, Options, Ports, Timestamp,
    hasher::InPlaceHasher,
    http::{request::Request, response::Response},
    port::Clock,
};
use auth101_sql::{Dialect, Entities, Row, SqlDriver, SqlStore, Statement, Statements, Value, schema};
use auth101_testkit::{
    executor::block_on,
    mysql::MySqlDriver,
    postgres::PostgresDriver,
    random::SeededRandom,
    rusqlite::RusqliteDriver,
    wire::{Conversations, Json, Names, Subject},
};
use mysql::prelude::Queryable;
use std::{collections::BTreeSet, fs, path::PathBuf, rc::Rc, time::SystemTime};

/// A configuration in which every table and column has another name.
const OTHER_NAMES: &str = include_str!("../../../tests/wire/names/other.json");
/// One in which all have their own.
const OWN_NAMES: &str = "{}";

/// The product over a database of its own.
struct Native<D> {
    auth: Auth101<SqlStore<D>, InPlaceHasher>,
    driver: D,
    names: Names,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}

impl<D: SqlDriver + Clone> Native<D> {
    /// Starts with the options of a file and with names, over an empty database.
    fn start(options: &Json, names: &str, dialect: Dialect, driver: D) -> Self {
        let names: Json = serde_json::from_str(names).unwrap();
        let mut set = Options::default();
        for (name, value) in options.members().iter().chain(names.members()) {
            set.set(name, &serde_json::from_str(&value.to_string()).unwrap()).unwrap();
        }
        let config = Config::new(&set).unwrap();
        let entities = Entities::new(&set.entities).unwrap();
        let tables = schema::create_all_statements(dialect, &entities);
        let tables: Vec<Statement<'_>> = tables.iter().map(|sql| Statement { sql, parameters: Vec::new() }).collect();
        block_on(driver.batch(&tables)).unwrap();
        let store = SqlStore::new(driver.clone(), Rc::new(Statements::new(dialect, &entities)));
        let ports = Ports::new(Rc::new(SystemClock), Rc::new(SeededRandom::new(1)));
        let auth = Auth101::new(Rc::new(config), store, InPlaceHasher, ports);
        Self { auth, driver, names: Names::new(dialect, entities) }
    }
}

impl<D: SqlDriver> Subject for Native<D> {
    async fn respond(&self, request: Request) -> Response {
        self.auth.handle(request).await
    }

    async fn sql(&self, statement: &str, values: Vec<Value>) -> Result<Vec<Row>, String> {
        let sql = self.names.translate(statement, &values);
        let statement = Statement { sql: &sql, parameters: values };
        let outcomes = self.driver.batch(&[statement]).await.map_err(|error| format!("{error:?}: {sql}"))?;
        Ok(outcomes.into_iter().flat_map(|outcome| outcome.rows).collect())
    }
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/wire")
}

fn replay<D: SqlDriver + Clone>(file: &str, names: &str, (dialect, driver): (Dialect, D)) {
    let text = fs::read_to_string(directory().join(file).with_extension("json")).unwrap();
    let conversations = Conversations::parse(&text).unwrap();
    let subject = Native::start(&conversations.options, names, dialect, driver);
    let failures: Vec<String> = conversations
        .cases
        .iter()
        .filter_map(|case| {
            block_on(conversations.replay(case, &subject)).err().map(|problem| format!("\"{}\"\n{problem}", case.name))
        })
        .collect();
    let (failed, all) = (failures.len(), conversations.cases.len());
    assert!(failures.is_empty(), "{failed} of {all} cases failed\n\n{}\n", failures.join("\n\n"));
}

fn sqlite() -> (Dialect, RusqliteDriver) {
    (Dialect::Sqlite, RusqliteDriver::empty())
}

// Neither server waits for its disk at every commit: what is lost when it is killed is not asked here.

fn postgres() -> (Dialect, PostgresDriver) {
    let driver = PostgresDriver::new(&servers::postgres().database(), 1);
    driver.raw(|client| client.batch_execute("SET synchronous_commit = off")).unwrap().unwrap();
    (Dialect::Postgres, driver)
}

fn mariadb() -> (Dialect, MySqlDriver) {
    let driver = MySqlDriver::new(&servers::mariadb().database(), 1);
    driver.raw(|connection| connection.query_drop("SET GLOBAL innodb_flush_log_at_trx_commit = 0")).unwrap().unwrap();
    (Dialect::MySql, driver)
}

macro_rules! replays_over {
    ($module:ident, $names:ident, $database:ident, $($test:ident: $file:literal),*) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::replay($file, super::$names, super::$database());
                }
            )*
        }
    };
}

macro_rules! replays {
    ($($test:ident: $file:literal),* $(,)?) => {
        replays_over!(on_sqlite, OWN_NAMES, sqlite, $($test: $file),*);
        replays_over!(on_sqlite_under_other_names, OTHER_NAMES, sqlite, $($test: $file),*);
        replays_over!(on_postgres, OWN_NAMES, postgres, $($test: $file),*);
        replays_over!(on_postgres_under_other_names, OTHER_NAMES, postgres, $($test: $file),*);
        replays_over!(on_mariadb, OWN_NAMES, mariadb, $($test: $file),*);
        replays_over!(on_mariadb_under_other_names, OTHER_NAMES, mariadb, $($test: $file),*);

        #[test]
        fn every_file_is_replayed() {
            let files = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
            let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
            let found: BTreeSet<String> = json.map(|path| path.file_stem().unwrap().to_str().unwrap().into()).collect();
            assert_eq!(found, BTreeSet::from([$($file.to_owned()),*]));
        }
    };
}

#[test]
fn the_other_names_leave_no_name_as_it_was() {
    let mut options = Options::default();
    let names: Json = serde_json::from_str(OTHER_NAMES).unwrap();
    for (name, value) in names.members() {
        options.set(name, &serde_json::from_str(&value.to_string()).unwrap()).unwrap();
    }
    for entity in Entities::new(&options.entities).unwrap().iter() {
        assert_ne!(entity.name, entity.schema.name);
        for (column, name) in entity.columns() {
            assert_ne!(name, column.name, "{}", entity.schema.name);
        }
    }
}

replays! {
    absolute_lifetime: "absolute-lifetime",
    authorization: "authorization",
    base_path: "base-path",
    base_path_empty: "base-path-empty",
    body: "body",
    cors: "cors",
    cors_any: "cors-any",
    default_grace: "default-grace",
    e_mail: "e-mail",
    fastapi: "fastapi",
    fastapi_cors: "fastapi-cors",
    life_cycle: "life-cycle",
    lifetimes: "lifetimes",
    password: "password",
    password_hash: "password-hash",
    password_hash_match: "password-hash-match",
    password_minimum: "password-minimum",
    previous_secrets: "previous-secrets",
    python_token: "python-token",
    rotation: "rotation",
    route: "route",
    sign_in: "sign-in",
    sign_up: "sign-up",
    single_use: "single-use",
    token: "token",
}
