//! `compare URL OPTIONS`: what a database lacks of the schema under the names of a configuration, which is a JSON object
//! of options. `cargo xtask schema --database URL` calls it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

use auth101_core::Options;
use auth101_sql::{
    Dialect, Entities,
    compare::{Difference, compare},
    driver::SqlDriver,
};
use auth101_testkit::{executor::block_on, mysql::MySqlDriver, postgres::PostgresDriver, rusqlite::RusqliteDriver};
use serde_json::{Map, Value};
use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [url, options] => run(url, options),
        _ => Err("usage: compare URL OPTIONS".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(url: &str, options: &str) -> Result<(), String> {
    let entities = entities(options)?;
    let differences = if let Some(file) = url.strip_prefix("sqlite:") {
        let path = Path::new(file);
        if !path.is_file() {
            return Err(format!("there is no file {file}"));
        }
        let driver = RusqliteDriver::open(path).map_err(|_| format!("{file} is no SQLite database"))?;
        ask(&driver, Dialect::Sqlite, &entities)
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        ask(&PostgresDriver::new(url, 1), Dialect::Postgres, &entities)
    } else if url.starts_with("mysql://") {
        ask(&MySqlDriver::new(url, 1), Dialect::MySql, &entities)
    } else {
        Err("a database is sqlite:FILE, postgresql://… or mysql://…".to_owned())
    }?;
    for difference in &differences {
        println!("{}: {difference}", if difference.breaks { "error" } else { "advice" });
    }
    let breaking = differences.iter().filter(|difference| difference.breaks).count();
    if breaking > 0 {
        return Err(format!(
            "the database cannot be used as it is: {breaking} of {} differences break something",
            differences.len()
        ));
    }
    println!("the database has everything that the configuration needs");
    Ok(())
}

fn entities(options: &str) -> Result<Entities, String> {
    let given: Map<String, Value> = serde_json::from_str(options).map_err(|error| error.to_string())?;
    let mut options = Options::default();
    for (name, value) in &given {
        options.set(name, value).map_err(|error| error.to_string())?;
    }
    Entities::new(&options.entities).map_err(|error| error.to_string())
}

fn ask(driver: &impl SqlDriver, dialect: Dialect, entities: &Entities) -> Result<Vec<Difference>, String> {
    block_on(compare(driver, dialect, entities)).map_err(|error| format!("the database cannot be asked: {error:?}"))
}
