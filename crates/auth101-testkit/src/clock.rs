//! Clocks that move only when told to.

use auth101_core::{Timestamp, port::Clock};
use std::{
    cell::Cell,
    rc::Rc,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// How long this process has been running, as drivers measure the time of a batch.
#[must_use]
pub fn elapsed() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// A clock that stands still. Clones show the same time.
#[derive(Clone, Debug)]
pub struct TestClock {
    time: Rc<Cell<Timestamp>>,
    /// How far this node's clock is ahead, in microseconds.
    ahead: i64,
}

impl TestClock {
    /// Shows this time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self { time: Rc::new(Cell::new(time)), ahead: 0 }
    }

    /// The same time as seen by a node whose clock is that many microseconds ahead (or behind, where negative).
    #[must_use]
    pub fn of_a_node_ahead(&self, micros: i64) -> Self {
        Self { time: Rc::clone(&self.time), ahead: micros }
    }

    /// Moves every clone to this time.
    pub fn set(&self, time: Timestamp) {
        self.time.set(time);
    }

    /// Moves every clone by that many seconds.
    pub fn advance(&self, seconds: i64) {
        self.advance_micros(seconds.saturating_mul(1_000_000));
    }

    /// Moves every clone by that many microseconds.
    pub fn advance_micros(&self, micros: i64) {
        self.time.set(Timestamp::from_micros(self.time.get().micros().saturating_add(micros)));
    }
}

impl Default for TestClock {
    /// 2026-01-01 12:00:00.25: a fraction, so that flooring shows.
    fn default() -> Self {
        Self::at(Timestamp::from_micros(1_767_268_800_250_000))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.time.get().micros().saturating_add(self.ahead))
    }
}
