//! `server postgres|mariadb`: a database server of its own for tests that are not written in Rust.
//!
//! Prints the URL of an empty database as a line of JSON, `{"url":"postgresql://…"}`. What it reads are lines, each answered
//! by another:
//!
//! - an empty one makes another database;
//! - `restart` ends the server in the middle of its work and starts it again;
//! - `replica` starts a server that follows this one and takes no writes, and gives the URL of its system database.
//!
//! The servers end, and their data goes, when the standard input ends.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

use auth101_testkit::servers::{Product, Server};
use serde_json::json;
use std::{
    io::{self, BufRead, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let product = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["postgres"] => Product::Postgres,
        ["mariadb"] => Product::MariaDb,
        _ => {
            eprintln!("usage: server postgres|mariadb");
            return ExitCode::FAILURE;
        }
    };
    match serve(product) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(product: Product) -> io::Result<()> {
    let mut server = Server::start(product)?;
    let mut replicas = Vec::new();
    tell(&server.database())?;
    for line in io::stdin().lock().lines() {
        match line?.as_str() {
            "restart" => {
                server.restart()?;
                tell(&server.url(system_database(product)))?;
            }
            "replica" => {
                let replica = server.start_replica()?;
                tell(&replica.url(system_database(product)))?;
                replicas.push(replica);
            }
            _ => tell(&server.database())?,
        }
    }
    Ok(())
}

const fn system_database(product: Product) -> &'static str {
    match product {
        Product::Postgres => "postgres",
        Product::MariaDb => "mysql",
    }
}

/// Says where a database is.
fn tell(url: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", json!({ "url": url }))?;
    output.flush()
}
