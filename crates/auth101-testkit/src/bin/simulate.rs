//! The simulator as a program of its own, for `cargo xtask sim`: `simulate SEEDS FIRST`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to a terminal")]

use auth101_testkit::sim;
use std::{io::Write, process::ExitCode, thread, time::Instant};

fn main() -> ExitCode {
    let numbers: Option<Vec<u64>> = std::env::args().skip(1).map(|argument| argument.parse().ok()).collect();
    let Some([seeds, first]) = numbers.as_deref() else {
        eprintln!("usage: simulate SEEDS FIRST");
        return ExitCode::FAILURE;
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let report = sim::run(*first..first.saturating_add(*seeds), threads, |done| {
        if done % 5_000 < 250 {
            eprint!("\r{done} of {seeds} seeds");
            // A terminal that cannot be written to is no reason to stop.
            let _ = std::io::stderr().flush();
        }
    });
    eprintln!("\r{seeds} of {seeds} seeds in {:.1} s on {threads} threads", began.elapsed().as_secs_f64());
    println!("{report}");
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
