//! The simulator: many small worlds, each determined by its seed, and the invariants that must hold in all of them.
//!
//! - no orphan: no user without account, no session without user (but for what an operator deleted);
//! - no fork: one live row a session, and one refresh token in all answers to racing refreshes;
//! - no false alarm: nobody is refused without cause, and an honest client that stays within the bound of
//!   `docs/sessions.md` is never logged out by races;
//! - no false success: nobody is told of something that did not happen, and what has ended stays ended;
//! - nothing overdue: what waited for the locks of a host commits within its time, or writes nothing.

mod oracle;
mod plan;
mod watched;
mod world;

use crate::{mutation::Mutation, service::config};
use auth101_core::Config;
use oracle::Wrong;
use plan::Plan;
use std::{
    fmt,
    ops::Range,
    rc::Rc,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};
use world::{Outcome, World};

/// What is simulated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The core and its SQL over SQLite, in some worlds with times of whole seconds.
    Product,
    /// The core over SQL that is wrong in one way.
    Mutated(Mutation),
    /// Browsers that save whatever answer comes last.
    CarelessClient,
}

/// What a run came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// How many worlds.
    pub seeds: u64,
    /// How many requests in all of them.
    pub requests: u64,
    /// How many steps the stores took.
    pub steps: u64,
    /// How many worlds ended with a user without account or a session without user.
    pub orphans: u64,
    /// In how many worlds a session forked.
    pub forks: u64,
    /// In how many somebody was refused without cause.
    pub false_alarms: u64,
    /// In how many somebody was told of a success that did not happen.
    pub false_successes: u64,
    /// In how many something was written after its deadline.
    pub overdue: u64,
    /// The lowest seed that went wrong, and what was seen there.
    pub first_failure: Option<(u64, String)>,
}

impl Report {
    /// Whether every invariant held in every world.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.first_failure.is_none()
    }

    fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.requests += other.requests;
        self.steps += other.steps;
        self.orphans += other.orphans;
        self.forks += other.forks;
        self.false_alarms += other.false_alarms;
        self.false_successes += other.false_successes;
        self.overdue += other.overdue;
        let failures = [self.first_failure.take(), other.first_failure];
        self.first_failure = failures.into_iter().flatten().min();
    }

    fn add_world(&mut self, seed: u64, outcome: Outcome) {
        let has = |wrong| u64::from(outcome.wrongs.iter().any(|(found, _)| *found == wrong));
        self.add(Self {
            seeds: 1,
            requests: outcome.requests,
            steps: outcome.steps,
            orphans: has(Wrong::Orphan),
            forks: has(Wrong::Fork),
            false_alarms: has(Wrong::FalseAlarm),
            false_successes: has(Wrong::FalseSuccess),
            overdue: has(Wrong::Overdue),
            first_failure: outcome.wrongs.first().map(|(wrong, what)| (seed, format!("{wrong:?}: {what}"))),
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} seeds, {} requests, {} store steps", self.seeds, self.requests, self.steps)?;
        writeln!(formatter, "  orphans         {:>8}", self.orphans)?;
        writeln!(formatter, "  forks           {:>8}", self.forks)?;
        writeln!(formatter, "  false alarms    {:>8}", self.false_alarms)?;
        writeln!(formatter, "  false successes {:>8}", self.false_successes)?;
        write!(formatter, "  overdue         {:>8}", self.overdue)?;
        if let Some((seed, what)) = &self.first_failure {
            write!(formatter, "\nseed {seed}: {what}\nreplay it with: cargo xtask sim --seeds 1 --seed {seed}")?;
        }
        Ok(())
    }
}

/// Simulates the product over these seeds. `progress` is told now and then how many are done.
pub fn run(seeds: Range<u64>, threads: usize, progress: impl Fn(u64) + Sync) -> Report {
    run_subject(Subject::Product, seeds, threads, progress)
}

/// Simulates a subject over these seeds.
pub fn run_subject(subject: Subject, seeds: Range<u64>, threads: usize, progress: impl Fn(u64) + Sync) -> Report {
    /// Seeds that a thread takes at a time.
    const CHUNK: u64 = 250;
    let next = AtomicU64::new(seeds.start);
    let total = Mutex::new(Report::default());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let first = next.fetch_add(CHUNK, Ordering::Relaxed);
                    if first >= seeds.end {
                        return;
                    }
                    let mut report = Report::default();
                    for seed in first..(first + CHUNK).min(seeds.end) {
                        report.add_world(seed, simulate(subject, seed));
                    }
                    let mut total = total.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    total.add(report);
                    progress(total.seeds);
                }
            });
        }
    });
    total.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn simulate(subject: Subject, seed: u64) -> Outcome {
    let plan = Plan::of(seed, subject);
    let mutation = if let Subject::Mutated(mutation) = subject { Some(mutation) } else { None };
    let config = config_of(&plan);
    World::new(seed, plan, config, mutation).run()
}

#[allow(clippy::cast_precision_loss, reason = "a week of seconds")]
fn config_of(plan: &Plan) -> Rc<Config> {
    config(|options| {
        options.refresh_grace_period = plan.grace;
        options.refresh_token_expires_in = plan.refresh_seconds as f64 / 60.0;
        options.session_absolute_lifetime = plan.absolute_seconds.map(|seconds| seconds as f64 / 60.0);
    })
}
