//! Every chore of the repository: `cargo xtask` lists them.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a command-line tool of the repository: it talks to a terminal, and a panic costs nobody a request"
)]

mod advisories;
mod bench_js;
mod bench_limits;
mod bench_spin;
mod dev;
mod dev_spin;
mod fuzz;
mod js;
mod js_suite;
mod local_server;
mod mutants;
mod outputs;
mod profile;
mod reproduce;
mod sbom;
mod schema;
mod sim;
mod size;
mod soak;
mod spin;
mod test;
mod tools;
mod tree;
mod worker;

use anyhow::{Result, bail};
use std::process::ExitCode;

/// A subcommand. A new one is a file with such a constant, and a line in [`CHORES`].
pub(crate) struct Chore {
    /// One or two words.
    name: &'static str,
    /// What it does, on one line.
    summary: &'static str,
    /// What `--help` adds.
    help: &'static str,
    /// Runs it with the arguments after its name.
    run: fn(&[String]) -> Result<()>,
}

const CHORES: &[&Chore] = &[
    // Before `dev`, which its name begins with.
    &dev_spin::CHORE,
    &dev::CHORE,
    &test::CHORE,
    &worker::CHORE,
    &spin::CHORE,
    &js::CHORE,
    &js_suite::CHORE,
    &sim::CHORE,
    &fuzz::CHORE,
    &mutants::CHORE,
    &bench_spin::CHORE,
    &bench_js::CHORE,
    &bench_limits::CHORE,
    &soak::CHORE,
    &schema::CHORE,
    &size::CHORE,
    &reproduce::CHORE,
    &sbom::CHORE,
    &advisories::CHORE,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if matches!(words.as_slice(), [] | ["help" | "-h" | "--help"]) {
        println!("The chores of this repository. `cargo xtask <chore> --help` tells more of one.\n");
        for chore in CHORES {
            println!("  cargo xtask {:<14} {}", chore.name, chore.summary);
        }
        return Ok(());
    }
    for chore in CHORES {
        let name: Vec<&str> = chore.name.split(' ').collect();
        if let Some(rest) = words.strip_prefix(name.as_slice()) {
            if rest.iter().any(|word| matches!(*word, "-h" | "--help")) {
                println!("cargo xtask {}: {}\n\n{}", chore.name, chore.summary, chore.help);
                return Ok(());
            }
            return (chore.run)(&arguments[name.len()..]);
        }
    }
    bail!("there is no chore `{}`; `cargo xtask` lists them", words.join(" "))
}
