//! What the command does: the parts that it reports, and what they need.

use anyhow::Result;

/// Something that is done at most once, when all that it needs is done.
pub(super) struct Job {
    pub(super) name: &'static str,
    /// What it makes, or what its tests claim.
    pub(super) claim: &'static str,
    pub(super) kind: Kind,
    pub(super) needs: &'static [&'static Job],
    pub(super) run: fn() -> Result<()>,
}

/// What jobs may run beside each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Waits for the network most of the time: one at a time, beside everything else.
    Install,
    /// Runs cargo, which lets nobody else into its target directory: one at a time, beside one job of tests.
    Build,
    /// Tests that run cargo, which builds nothing any more: as a build, but as urgent as other tests.
    CargoTest,
    /// Reads what others have built.
    Test,
}

/// These jobs and all that they need, each once and after what it needs.
pub(super) fn with_needs(jobs: impl IntoIterator<Item = &'static Job>) -> Vec<&'static Job> {
    let mut all: Vec<&'static Job> = Vec::new();
    for job in jobs {
        for job in with_needs(job.needs.iter().copied()).into_iter().chain([job]) {
            if !all.iter().any(|other| other.name == job.name) {
                all.push(job);
            }
        }
    }
    all
}
