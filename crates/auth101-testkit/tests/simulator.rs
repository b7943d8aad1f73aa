//! The invariants in a few thousand worlds, and the proof that the simulator sees each kind of failure. The long run is
//! `cargo xtask sim`.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use auth101_testkit::{
    mutation::Mutation,
    sim::{self, Report, Subject},
};

/// The first worlds in which somebody sees it, of a few thousand at most.
fn sees(subject: Subject, count: fn(&Report) -> u64) -> Report {
    let reports = (0..60).map(|part| sim::run_subject(subject, part * 50..(part + 1) * 50, 1, |_| ()));
    let found = reports.into_iter().find(|report| count(report) > 0);
    found.unwrap_or_else(|| panic!("nothing is seen of {subject:?}"))
}

#[test]
fn r01_r02_the_product_keeps_every_invariant() {
    let report = sim::run(0..1_000, 2, |_| ());
    assert!(report.is_clean(), "{report}");
    assert!(report.requests > 10 * report.seeds, "the worlds are busy: {report}");
}

#[test]
fn r01_the_simulator_sees_the_orphans_that_separate_transactions_leave() {
    sees(Subject::Mutated(Mutation::NotOneTransaction), |report| report.orphans);
}

#[test]
fn a_seed_gives_the_same_world_every_time() {
    assert_eq!(sim::run(7..8, 1, |_| ()), sim::run(7..8, 1, |_| ()));
}

#[test]
fn the_simulator_sees_a_fork() {
    for mutation in [Mutation::ReplayMintsSibling, Mutation::StampOfRequest] {
        sees(Subject::Mutated(mutation), |report| report.forks);
    }
}

#[test]
fn the_simulator_sees_a_false_alarm() {
    for mutation in
        [Mutation::NoPacing, Mutation::OwnStampIgnored, Mutation::OutlivesDeadline, Mutation::PurgeGuardedInSubSelect]
    {
        sees(Subject::Mutated(mutation), |report| report.false_alarms);
    }
}

#[test]
fn the_simulator_sees_a_false_success() {
    for mutation in [
        Mutation::ReuseOnlyRefused,
        Mutation::AnyAncestorAccepted,
        Mutation::ReplayTouches,
        Mutation::RefreshUpserts,
        Mutation::NoActiveGuard,
        Mutation::EndsInSecondBatch,
        Mutation::UnguardedOpening,
    ] {
        sees(Subject::Mutated(mutation), |report| report.false_successes);
    }
}

#[test]
fn r46_the_simulator_sees_what_outlives_its_deadline() {
    sees(Subject::Mutated(Mutation::OutlivesDeadline), |report| report.overdue);
}

#[test]
fn clients_that_save_unconditionally_are_logged_out_by_races() {
    let careless = sees(Subject::CarelessClient, |report| report.false_alarms);
    let others = (careless.orphans, careless.forks, careless.false_successes);
    assert_eq!(others, (0, 0, 0), "the service itself does nothing wrong: {careless}");
}
