//! `auth101-spin-host up`: what `spin up` does, as far as the components of this repository need it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to a terminal")]

mod arguments;

use anyhow::{Context, Result};
use arguments::{Arguments, HELP};
use auth101_spin_host::{application::Application, fault::Gate, serve::serve};
use std::process::ExitCode;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() || words.iter().any(|word| matches!(word.as_str(), "help" | "-h" | "--help")) {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(&words).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(words: &[String]) -> Result<()> {
    let arguments = Arguments::parse(words)?;
    let gate = Gate::new(arguments.faults, |number| eprintln!("fault before statement {number}"));
    let application = Application::load(&arguments.options, gate, |name| std::env::var(name).ok()).await?;
    let listener =
        TcpListener::bind(arguments.listen).await.with_context(|| format!("cannot listen on {}", arguments.listen))?;
    println!("Serving http://{}", listener.local_addr()?);
    serve(application, listener).await;
}
