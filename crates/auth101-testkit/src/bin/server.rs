//! `server postgres|mariadb`: a database server of its own for tests that are not written in Rust.
//!
//! Prints the URL of an empty database as a line of JSON, `{"url":"postgresql://…"}`, and one more for every line that
//! it reads. The server ends, and its data goes, when the standard input ends.

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
    let server = Server::start(product)?;
    tell(&server)?;
    for line in io::stdin().lock().lines() {
        line?;
        tell(&server)?;
    }
    Ok(())
}

/// Makes a database and says where it is.
fn tell(server: &Server) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", json!({ "url": server.database() }))?;
    output.flush()
}
