//! What kind of world a seed makes.

use super::Subject;
use crate::{browser::SavingRule, locked::Waiting, random::SeededRandom};
use auth101_core::time::Resolution;

/// A second in microseconds.
pub(super) const SECOND: i64 = 1_000_000;

/// The settings of one world.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Microseconds, or whole seconds as MySQL keeps them.
    pub(super) resolution: Resolution,
    pub(super) rule: SavingRule,
    /// The grace period in seconds.
    pub(super) grace: u32,
    /// Lifetime of a refresh token in seconds.
    pub(super) refresh_seconds: i64,
    /// Absolute lifetime of a session in seconds.
    pub(super) absolute_seconds: Option<i64>,
    /// How far the second node's clock is ahead, in microseconds.
    pub(super) skew: i64,
    /// Whether delays and losses stay within the bound under which no honest client may be logged out.
    pub(super) bounded: bool,
    /// The longest way of a request to its effect, and of the effect to the client, in microseconds.
    pub(super) delay: i64,
    /// When a client gives an exchange up, in microseconds.
    pub(super) timeout: i64,
    /// How many exchanges in a row a tab may lose.
    pub(super) losses: u32,
    pub(super) browsers: usize,
    pub(super) tabs: usize,
    /// How many addresses the browsers share between them.
    pub(super) addresses: u64,
    pub(super) has_thief: bool,
    pub(super) has_operator: bool,
    /// Whether the host's own transactions hold rows.
    pub(super) has_host: bool,
    /// How a batch learns of rows that are held.
    pub(super) waiting: Waiting,
    /// Whether a schedule purges, most often when a session is about to end.
    pub(super) has_schedule: bool,
    /// How many actions the world sees.
    pub(super) actions: u32,
}

impl Plan {
    pub(super) fn of(seed: u64, subject: Subject) -> Self {
        let dice = SeededRandom::new(seed ^ 0x5eed_0000);
        let is_coarse = dice.below(8) == 0 && subject == Subject::Product;
        let grace = *dice.pick(&[0, 1, 2, 5, 10, 10, 10, 30]);
        let bounded = grace > 0 && dice.percent(70);
        let window = i64::from(grace) * SECOND;
        let skew = if dice.percent(25) { dice.up_to(window / 4) } else { 0 };
        let losses = u32::try_from(dice.below(3)).unwrap_or(0);
        // No honest client is logged out while g ≥ L·timeout + 3·delay, less the skew between nodes and the time that
        // a request spends between its reading of the clock and its batch (three of eight parts of a delay at most).
        let has_host = dice.percent(30);
        // What waits for locks commits half a grace period after its arrival, and its answer may be the one that is lost.
        // So locks are all that goes wrong in these worlds, and half of the room is theirs.
        let losses = if has_host { 0 } else { losses };
        let room = if has_host { window / 2 - skew } else { window - skew };
        let delay = 1 + dice.up_to((room / (2 * i64::from(losses) + 4)).max(1));
        let timeout = match losses {
            0 if has_host => 2 * delay + window / 8 + dice.up_to(window / 2),
            0 => 2 * delay,
            _ => (room - delay * 7 / 2) / i64::from(losses),
        };
        let has_schedule = dice.percent(if has_host { 60 } else { 15 });
        let refresh_seconds = if has_schedule {
            3 * i64::from(grace) + 20
        } else if dice.percent(15) {
            120
        } else {
            604_800
        };
        Self {
            resolution: if is_coarse { Resolution::Seconds } else { Resolution::Microseconds },
            rule: if subject == Subject::CarelessClient {
                SavingRule::Unconditionally
            } else {
                SavingRule::UnlessOvertaken
            },
            grace,
            refresh_seconds,
            absolute_seconds: dice.percent(15).then_some(300),
            skew,
            bounded,
            delay: if bounded { delay } else { 3 * window + SECOND },
            timeout: if bounded { timeout } else { window + SECOND },
            losses: if bounded { losses } else { u32::MAX },
            browsers: 1 + usize::from(dice.percent(60)) + usize::from(dice.percent(20)),
            tabs: if grace == 0 { 1 } else { 1 + usize::from(dice.percent(75)) + usize::from(dice.percent(25)) },
            addresses: 1 + dice.below(2),
            has_thief: dice.percent(30),
            has_operator: dice.percent(35),
            has_host,
            waiting: *dice.pick(&[Waiting::AtTheDatabase, Waiting::InConflicts]),
            has_schedule,
            actions: 16 + u32::try_from(dice.below(16)).unwrap_or(0),
        }
    }
}
