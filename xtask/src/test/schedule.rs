//! Runs jobs beside each other, as far as they allow it.

use super::{
    durations::Durations,
    job::{Job, Kind},
    output::Output,
};
use crate::tools::{give_way, with_output};
use anyhow::{Context, Result, anyhow};
use std::{
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

/// How many jobs may load the processors at a time. Most wait for something half of the time: two keep two cores busy, and
/// leave a test on any machine the time that it had when it ran alone.
const AT_ONCE: usize = 2;

/// How long the output of a job is awaited once it has ended: a process that it left behind may hold the pipe for ever.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How a job ended.
pub(super) struct Outcome {
    pub(super) job: &'static Job,
    pub(super) end: End,
    pub(super) took: Duration,
}

/// What became of a job.
#[derive(PartialEq, Eq)]
pub(super) enum End {
    Passed,
    Failed,
    /// What it needs failed.
    NotRun,
}

/// Runs all jobs. Among those that could start, the earlier in the list comes first.
pub(super) fn run(jobs: &[&'static Job], terminal: impl Write + Send + 'static) -> (Vec<Outcome>, Durations) {
    let output = Arc::new(Output::new(terminal));
    let mut waiting: Vec<&'static Job> = jobs.to_vec();
    let mut running: Vec<&'static Job> = Vec::new();
    let mut outcomes: Vec<Outcome> = Vec::new();
    let (ended, end) = mpsc::channel();
    thread::scope(|scope| {
        loop {
            while let Some(place) = waiting.iter().position(|job| may_start(job, &running, &outcomes)) {
                let job = waiting.remove(place);
                if job.needs.iter().any(|need| end_of(need, &outcomes).is_some_and(|end| *end != End::Passed)) {
                    output.note(&format!("{}: not run, for what it needs failed", job.name));
                    outcomes.push(Outcome { job, end: End::NotRun, took: Duration::ZERO });
                    continue;
                }
                running.push(job);
                let number = outcomes.len() + running.len();
                output.open(job.name);
                output.note(&format!("[{number} of {}] {}: {}", jobs.len(), job.name, job.claim));
                let (ended, output) = (ended.clone(), &output);
                scope.spawn(move || {
                    let began = Instant::now();
                    let end = run_into(output, job);
                    // The receiver lives until all have ended.
                    let _ = ended.send(Outcome { job, end, took: began.elapsed() });
                });
            }
            if running.is_empty() {
                break;
            }
            let Ok(outcome) = end.recv() else { break };
            running.retain(|job| job.name != outcome.job.name);
            let verdict = if outcome.end == End::Passed { "done" } else { "FAILED" };
            let names: Vec<&str> = running.iter().map(|job| job.name).collect();
            let still = if names.is_empty() { String::new() } else { format!("; still running: {}", names.join(", ")) };
            output.note(&format!("{} {verdict} in {} s{still}", outcome.job.name, outcome.took.as_secs()));
            output.close(outcome.job.name);
            outcomes.push(outcome);
        }
    });
    (outcomes, output.durations())
}

/// Whether all that a job needs has ended, and the jobs that run leave room for it.
fn may_start(job: &Job, running: &[&Job], outcomes: &[Outcome]) -> bool {
    let is_ready = job.needs.iter().all(|need| end_of(need, outcomes).is_some());
    let count = |kind: Kind| running.iter().filter(|job| job.kind == kind).count();
    let uses_of_cargo = count(Kind::Build) + count(Kind::CargoTest);
    let has_room = match job.kind {
        Kind::Install => count(Kind::Install) == 0,
        Kind::Build | Kind::CargoTest => uses_of_cargo == 0 && count(Kind::Test) < AT_ONCE,
        Kind::Test => uses_of_cargo + count(Kind::Test) < AT_ONCE,
    };
    is_ready && has_room
}

fn end_of<'a>(need: &Job, outcomes: &'a [Outcome]) -> Option<&'a End> {
    outcomes.iter().find(|outcome| outcome.job.name == need.name).map(|outcome| &outcome.end)
}

/// Runs a job whose output goes into its place in that of all.
fn run_into(output: &Arc<Output>, job: &'static Job) -> End {
    let attempt = || -> Result<()> {
        let (reader, writer) = std::io::pipe().context("no pipe")?;
        let (read_all, has_read_all) = mpsc::channel();
        let reading = Arc::clone(output);
        thread::spawn(move || {
            reading.read(job.name, reader);
            let _ = read_all.send(());
        });
        if job.kind == Kind::Build {
            // What compiles has time; a test may be waiting for an answer.
            give_way();
        }
        let result = with_output(writer, || {
            catch_unwind(AssertUnwindSafe(job.run)).unwrap_or_else(|_| Err(anyhow!("the part panicked")))
        });
        let _ = has_read_all.recv_timeout(LAST_WORDS);
        result
    };
    match attempt() {
        Ok(()) => End::Passed,
        Err(error) => {
            output.print(job.name, &format!("error in {}: {error:#}\n", job.name));
            End::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{End, run};
    use crate::test::job::{Job, Kind, with_needs};
    use anyhow::bail;

    const fn job(name: &'static str, needs: &'static [&'static Job], run: fn() -> anyhow::Result<()>) -> Job {
        Job { name, claim: "", kind: Kind::Test, needs, run }
    }

    static GOOD: Job = job("good", &[], || Ok(()));
    static BAD: Job = job("bad", &[&GOOD], || bail!("it cannot be made"));
    static AFTER_GOOD: Job = job("after good", &[&GOOD], || Ok(()));
    static AFTER_BAD: Job = job("after bad", &[&BAD, &GOOD], || unreachable!("what it needs failed"));

    #[test]
    fn a_job_runs_once_after_what_it_needs_and_not_where_that_failed() {
        let jobs = with_needs([&AFTER_BAD, &AFTER_GOOD]);
        assert_eq!(jobs.iter().map(|job| job.name).collect::<Vec<_>>(), ["good", "bad", "after bad", "after good"]);
        let (mut outcomes, _) = run(&jobs, std::io::sink());
        outcomes.sort_by_key(|outcome| outcome.job.name);
        let ends: Vec<_> = outcomes.iter().map(|outcome| (outcome.job.name, &outcome.end)).collect();
        let expected =
            [("after bad", &End::NotRun), ("after good", &End::Passed), ("bad", &End::Failed), ("good", &End::Passed)];
        assert!(ends == expected);
    }
}
