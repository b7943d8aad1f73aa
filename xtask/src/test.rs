//! `cargo xtask test`: everything that must hold, each part on the real thing.

mod durations;
mod install;
mod job;
mod needs;
mod node;
mod output;
mod part;
mod schedule;

use crate::Chore;
use anyhow::{Result, bail};
use job::{Job, with_needs};
use part::PARTS;
use schedule::{End, Outcome};
use std::time::{Duration, Instant};

pub(crate) const CHORE: Chore = Chore {
    name: "test",
    summary: "Runs every test; installs what it needs",
    help: "\
Format, lints, rendered SQL, licences, the crates without std, unit and property tests, the simulator, the Worker on real
workerd and D1, the Spin component on real SQLite and PostgreSQL, the npm package and its client, the example page in
Chromium, the README's transcripts, and everything beside the Python package. Nothing is skipped. Missing tools (Rust
targets, JavaScript packages, cargo-deny, a Python environment, other versions of Node.js) are installed first, into
target/ and node_modules/; database servers, sqlite3 and Chromium come from apt-get.

Parts that do not disturb each other run at the same time. The output of the one that started first is shown as it comes,
that of the others when it is their turn. At the end come the durations of all parts and the slowest files of tests.

  --quick   a verdict on a change in a few minutes: format, schema, lints, native and conversations
  PART …    runs only these parts, by their names",
    run: test,
};

/// The parts that `--quick` runs.
const QUICK: [&str; 5] = ["format", "schema", "lints", "native", "conversations"];

fn test(arguments: &[String]) -> Result<()> {
    let jobs = with_needs(chosen(arguments)?);
    let began = Instant::now();
    let (outcomes, durations) = schedule::run(&jobs, std::io::stdout());
    report(&outcomes, began.elapsed());
    let slowest = durations.slowest();
    if !slowest.is_empty() {
        println!("\nthe slowest files of tests\n{}", slowest.join("\n"));
    }
    let (passed, failed): (Vec<_>, Vec<_>) =
        outcomes.iter().filter(|outcome| is_part(outcome.job)).partition(|outcome| outcome.end == End::Passed);
    println!("\nparts: {} passed, {} failed", passed.len(), failed.len());
    if let Some(outcome) = failed.first() {
        bail!("{} parts failed; `cargo xtask test {}` runs one again", failed.len(), outcome.job.name);
    }
    Ok(())
}

/// The parts that the arguments name; all where they name none.
fn chosen(arguments: &[String]) -> Result<Vec<&'static Job>> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let names = match words.as_slice() {
        [] => return Ok(PARTS.iter().collect()),
        ["--quick"] => &QUICK,
        names => names,
    };
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        let known: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        bail!("there is no part `{unknown}`; the parts are {}", known.join(", "));
    }
    Ok(PARTS.iter().filter(|part| names.contains(&part.name)).collect())
}

fn is_part(job: &Job) -> bool {
    PARTS.iter().any(|part| part.name == job.name)
}

fn report(outcomes: &[Outcome], took: Duration) {
    for (title, parts) in [("what the parts need", false), ("parts", true)] {
        let outcomes: Vec<_> = outcomes.iter().filter(|outcome| is_part(outcome.job) == parts).collect();
        if !outcomes.is_empty() {
            println!("\n{title}");
        }
        for Outcome { job, end, took } in outcomes {
            let verdict = match end {
                End::Passed => "ok     ",
                End::Failed => "FAILED ",
                End::NotRun => "NOT RUN",
            };
            println!("{verdict} {:<24} {:>4} s  {}", job.name, took.as_secs(), job.claim);
        }
    }
    println!("\n{} s in all", took.as_secs());
}
