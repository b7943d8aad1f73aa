//! Replays tests/wire natively: the core, the SQL store on SQLite and the real hashes, under the real clock.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use auth101_core::{
    Auth101, Config, Options, Ports, Timestamp,
    config::ShortSecret,
    hasher::InPlaceHasher,
    http::{request::Request, response::Response},
    port::Clock,
};
use auth101_sql::{Dialect, Entities, Row, SqlDriver, SqlStore, Statement, Statements, Value};
use auth101_testkit::{
    executor::block_on,
    random::SeededRandom,
    rusqlite::RusqliteDriver,
    wire::{Conversations, Json, Subject},
};
use std::{collections::BTreeSet, fs, path::PathBuf, rc::Rc, time::SystemTime};

struct Native {
    auth: Auth101<SqlStore<RusqliteDriver>, InPlaceHasher>,
    driver: RusqliteDriver,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}

impl Native {
    fn start(options: &Json) -> Self {
        let mut set = Options::default();
        for (name, value) in options.members() {
            set.set(name, &serde_json::from_str(&value.to_string()).unwrap()).unwrap();
        }
        let config = Config::new(&set, ShortSecret::Refused).unwrap();
        let driver = RusqliteDriver::migrated();
        let store = SqlStore::new(driver.clone(), Rc::new(Statements::new(Dialect::Sqlite, &Entities::default())));
        let ports = Ports::new(Rc::new(SystemClock), Rc::new(SeededRandom::new(1)));
        Self { auth: Auth101::new(Rc::new(config), store, InPlaceHasher, ports), driver }
    }
}

impl Subject for Native {
    async fn respond(&self, request: Request) -> Response {
        self.auth.handle(request).await
    }

    async fn sql(&self, statement: &str, values: Vec<Value>) -> Result<Vec<Row>, String> {
        let statement = Statement { sql: statement, parameters: values };
        let outcomes = self.driver.batch(&[statement]).await.map_err(|error| format!("{error:?}"))?;
        Ok(outcomes.into_iter().flat_map(|outcome| outcome.rows).collect())
    }
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/wire")
}

fn replay(file: &str) {
    let text = fs::read_to_string(directory().join(file).with_extension("json")).unwrap();
    let conversations = Conversations::parse(&text).unwrap();
    let failures: Vec<String> = conversations
        .cases
        .iter()
        .filter_map(|case| {
            let subject = Native::start(&conversations.options);
            block_on(conversations.replay(case, &subject)).err().map(|problem| format!("\"{}\"\n{problem}", case.name))
        })
        .collect();
    let (failed, all) = (failures.len(), conversations.cases.len());
    assert!(failures.is_empty(), "{failed} of {all} cases failed\n\n{}\n", failures.join("\n\n"));
}

macro_rules! replays {
    ($($test:ident: $file:literal),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                replay($file);
            }
        )*

        #[test]
        fn every_file_is_replayed() {
            let files = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
            let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
            let found: BTreeSet<String> = json.map(|path| path.file_stem().unwrap().to_str().unwrap().into()).collect();
            assert_eq!(found, BTreeSet::from([$($file.to_owned()),*]));
        }
    };
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
