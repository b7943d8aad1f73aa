//! `auth101-spin-host up`: what `spin up` does for the components of this repository, where there is no `spin`.
//!
//! Whatever a component can tell apart is as in Spin 4.1: instances that serve many requests, several at a time; an SQLite
//! connection of its own for every `open`; Spin's pool of PostgreSQL connections, which are handed on as they were left;
//! variables by template; access to what the manifest grants and to nothing else.
//!
//! Known differences:
//!
//! - A manifest that uses more than the manifests here do is refused, with the key that is unknown: no triggers but HTTP, no
//!   outbound HTTP, key-value stores, files or remote sources. So are routes with `:name` in them, and entries of
//!   `allowed_outbound_hosts` with part of a host or a range of ports.
//! - Of the headers that Spin adds to a request, only `spin-client-addr` is. There is nothing under `/.well-known/spin`.
//! - SQLite databases are files; `type = "libsql"` is refused. Components may attach other files.
//! - PostgreSQL parameters are texts, numbers of 64 bits, booleans and NULL. Values that are neither texts, numbers nor
//!   booleans arrive as unsupported ones.
//! - TLS is rustls instead of the system's library. What is trusted is the same (on Linux `SSL_CERT_FILE` adds to it in
//!   Spin and replaces it here); what is said of a certificate is worded differently.
//! - The output of components goes to the terminal only, and `--variable` reads no JSON or TOML files.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to a terminal")]

mod application;
mod dispatch;
mod fault;
mod interface;
mod manifest;
mod pool;
mod postgres;
mod serve;
mod sqlite;
mod state;
mod variables;

use anyhow::{Context, Result};
use application::Application;
use clap::{Args, Parser};
use fault::{Fault, Gate};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};
use tokio::net::TcpListener;

#[derive(Parser)]
#[command(name = "auth101-spin-host")]
enum Command {
    /// Runs a Spin application without Spin
    Up(Up),
}

/// Options of `spin up`, and one for tests.
#[derive(Args)]
struct Up {
    /// The manifest
    #[arg(long, short, value_name = "FILE", default_value = "spin.toml")]
    from: PathBuf,
    /// Where to serve; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// A value of a variable; SPIN_VARIABLE_NAME in the environment does the same and stays out of `ps`
    #[arg(long = "variable", value_name = "NAME=VALUE | NAME=@FILE", value_parser = variables::given)]
    variables: Vec<(String, String)>,
    /// SQL that is run on an SQLite database before anything is served
    #[arg(long, value_name = "SQL | @FILE[:LABEL]")]
    sqlite: Vec<String>,
    /// Says where SQLite databases are
    #[arg(long, value_name = "FILE")]
    runtime_config_file: Option<PathBuf>,
    /// Where SQLite databases are otherwise [default: .spin beside the manifest]
    #[arg(long, value_name = "FOLDER")]
    state_dir: Option<PathBuf>,
    /// How many requests an instance serves
    #[arg(long, value_name = "N", default_value_t = 128)]
    max_instance_reuse_count: usize,
    /// How many of them at a time
    #[arg(long, value_name = "N", default_value_t = 16)]
    max_instance_concurrent_reuse_count: usize,
    /// How many seconds an instance waits for the next request
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    idle_instance_timeout: u64,
    /// For tests: what happens before a statement, counted over all databases from the fault before. `pause:N` never runs
    /// statement N, `trap:N` ends its instance
    #[arg(long = "fault", value_name = "KIND:N")]
    faults: Vec<Fault>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Up(up) = Command::parse();
    match run(up).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut up: Up) -> Result<()> {
    let gate = Gate::new(std::mem::take(&mut up.faults));
    let application = Application::load(&up, gate).await?;
    let listener = TcpListener::bind(up.listen).await.with_context(|| format!("Unable to listen on {}", up.listen))?;
    println!("Serving http://{}", listener.local_addr()?);
    serve::serve(application, listener).await
}
