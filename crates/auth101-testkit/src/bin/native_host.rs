//! `native_host DATABASE OPTIONS`: the service, compiled for this machine, for tests that are not written in Rust.
//!
//! `DATABASE` is `sqlite:FILE`, `postgresql://…` or `mysql://…`, `OPTIONS` is a JSON object of options. The program makes
//! the tables that are missing and says `ready`. Every further line of its output is the response to a line of its input:
//!
//! ```json
//! {"method":"GET","path":"/auth/session","headers":{"authorization":"Bearer …"},"body":"base64"}
//! {"status":401,"headers":[["Cache-Control","no-store"]],"body":"base64"}
//! ```
//!
//! The program ends with its input.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

use auth101_core::{
    Auth101, Config, Options, Ports, Timestamp,
    domain::session::Client,
    hasher::InPlaceHasher,
    http::{
        body::{Body, MAX_BODY_BYTES},
        request::{Headers, Request},
    },
    port::Clock,
};
use auth101_sql::{Dialect, Entities, SqlDriver, SqlStore, Statement, Statements, schema};
use auth101_testkit::{
    executor::block_on, random::SeededRandom, rusqlite::RusqliteDriver, server_driver::ServerDriver,
};
use base64ct::{Base64, Encoding};
use serde_json::{Map, Value, json};
use std::{
    error::Error,
    io::{self, BufRead, Write},
    path::Path,
    process::ExitCode,
    rc::Rc,
    time::SystemTime,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [database, options] => run(database, options),
        _ => Err("usage: native_host DATABASE OPTIONS".into()),
    };
    if let Err(problem) = outcome {
        eprintln!("{problem}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run(database: &str, options: &str) -> Result<(), Box<dyn Error>> {
    match database.strip_prefix("sqlite:") {
        Some(file) => {
            let driver = RusqliteDriver::open(Path::new(file)).map_err(|_| format!("{file} is no SQLite database"))?;
            serve(driver, Dialect::Sqlite, options)
        }
        None => {
            let driver = ServerDriver::new(database, 1);
            let dialect = driver.dialect();
            serve(driver, dialect, options)
        }
    }
}

fn serve(driver: impl SqlDriver, dialect: Dialect, options: &str) -> Result<(), Box<dyn Error>> {
    let given: Map<String, Value> = serde_json::from_str(options)?;
    let mut options = Options::default();
    for (name, value) in &given {
        options.set(name, value).map_err(|error| error.to_string())?;
    }
    let config = Config::new(&options).map_err(|error| error.to_string())?;
    let entities = Entities::new(&options.entities).map_err(|error| error.to_string())?;
    let tables = schema::create_all_statements(dialect, &entities);
    let tables: Vec<Statement<'_>> = tables.iter().map(|sql| Statement { sql, parameters: Vec::new() }).collect();
    block_on(driver.batch(&tables)).map_err(|error| format!("the tables cannot be made: {error:?}"))?;
    let store = SqlStore::new(driver, Rc::new(Statements::new(dialect, &entities)));
    let ports = Ports::new(Rc::new(SystemClock), Rc::new(SeededRandom::new(1)));
    let auth = Auth101::new(Rc::new(config), store, InPlaceHasher, ports);
    let mut output = io::stdout().lock();
    writeln!(output, "ready")?;
    output.flush()?;
    for line in io::stdin().lock().lines() {
        let response = block_on(auth.handle(request(&serde_json::from_str(&line?)?)?));
        let body = Base64::encode_string(&response.body);
        writeln!(output, "{}", json!({ "status": response.status, "headers": response.headers, "body": body }))?;
        output.flush()?;
    }
    Ok(())
}

fn request(line: &Value) -> Result<Request, Box<dyn Error>> {
    let text = |pointer: &str| line.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let header = |name: &str| text(&format!("/headers/{name}"));
    let target = text("/path").ok_or("a request without a path")?;
    let body = Base64::decode_vec(&text("/body").unwrap_or_default()).map_err(|error| error.to_string())?;
    Ok(Request {
        method: text("/method").ok_or("a request without a method")?,
        path: target.split('?').next().unwrap_or_default().to_owned(),
        headers: Headers::read(header),
        body: if body.len() > MAX_BODY_BYTES { Body::TooLarge } else { Body::Complete(body.into()) },
        client: Client { ip_address: None, user_agent: header("user-agent") },
    })
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
