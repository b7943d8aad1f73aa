//! The invariants in a few thousand worlds, and the proof that the simulator sees each kind of failure. The long run is
//! `cargo xtask sim`.

use auth101_testkit::{
    mutation::Mutation,
    sim::{self, Report, Subject},
};

fn of(subject: Subject) -> Report {
    sim::run_subject(subject, 0..300, 2, |_| ())
}

#[test]
fn r01_r02_the_product_keeps_every_invariant() {
    let report = sim::run(0..1_000, 2, |_| ());
    assert!(report.is_clean(), "{report}");
    assert!(report.requests > 10 * report.seeds, "the worlds are busy: {report}");
}

#[test]
fn r01_r02_the_references_order_of_steps_orphans_and_forks() {
    let report = of(Subject::NonAtomic);
    assert!(report.orphans > 0 && report.forks > 0, "{report}");
}

#[test]
fn a_seed_gives_the_same_world_every_time() {
    assert_eq!(sim::run(7..8, 1, |_| ()), sim::run(7..8, 1, |_| ()));
}

#[test]
fn the_simulator_sees_a_fork() {
    for mutation in [Mutation::ReplayMintsSibling, Mutation::StampOfRequest] {
        let report = of(Subject::Mutated(mutation));
        assert!(report.forks > 0, "{mutation:?}: {report}");
    }
}

#[test]
fn the_simulator_sees_a_false_alarm() {
    for mutation in [Mutation::NoPacing, Mutation::OwnStampIgnored] {
        let report = of(Subject::Mutated(mutation));
        assert!(report.false_alarms > 0, "{mutation:?}: {report}");
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
        let report = of(Subject::Mutated(mutation));
        assert!(report.false_successes > 0, "{mutation:?}: {report}");
    }
}

#[test]
fn clients_that_save_unconditionally_are_logged_out_by_races() {
    let careless = sim::run_subject(Subject::CarelessClient, 0..3_000, 2, |_| ());
    assert!(careless.false_alarms > 0, "{careless}");
    let others = (careless.orphans, careless.forks, careless.false_successes);
    assert_eq!(others, (0, 0, 0), "the service itself does nothing wrong: {careless}");
}
