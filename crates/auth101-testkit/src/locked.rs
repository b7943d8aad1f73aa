//! A database in which somebody else holds a lock, in the time of a test.

use crate::clock::TestClock;
use auth101_core::port::Clock;
use auth101_sql::{LOCK_WAIT, Outcome, SqlDriver, SqlError, Statement};
use std::{cell::Cell, rc::Rc, time::Duration};

/// How a batch learns of the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// It waits at the database, to the end of its time.
    AtTheDatabase,
    /// It conflicts with whoever holds the lock, again and again, as on a file that several processes write.
    InConflicts,
    /// It waits at the database for as long as the lock is held, whatever its limit: the mistake that limits are there for.
    Regardless,
}

/// A driver whose batches wait for a lock before they begin, in the time of a test's clock, which they move on.
#[derive(Clone, Debug)]
pub struct LockedDriver<D> {
    inner: D,
    clock: TestClock,
    waiting: Waiting,
    /// When the lock is released, on that clock.
    released: Rc<Cell<Duration>>,
}

impl<D: SqlDriver> LockedDriver<D> {
    /// Nobody holds the lock yet.
    pub fn new(inner: D, clock: TestClock, waiting: Waiting) -> Self {
        Self { inner, clock, waiting, released: Rc::default() }
    }

    /// Somebody takes the lock, and holds it for so long from now on.
    pub fn lock(&self, duration: Duration) {
        self.released.set(self.elapsed() + duration);
    }

    fn pass(&self, duration: Duration) {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        self.clock.set(auth101_core::Timestamp::from_micros(self.clock.now().micros().saturating_add(micros)));
    }
}

impl<D: SqlDriver> SqlDriver for LockedDriver<D> {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let held = self.released.get().saturating_sub(self.elapsed());
        let (wait, refusal) = match self.waiting {
            Waiting::AtTheDatabase => (held.min(limit), SqlError::Unavailable),
            Waiting::InConflicts => (held.min(limit).min(LOCK_WAIT), SqlError::Conflict),
            Waiting::Regardless => (held, SqlError::Unavailable),
        };
        self.pass(wait);
        if wait < held {
            return Err(refusal);
        }
        self.inner.batch_within(statements, limit).await
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.clock.now().micros()).unwrap_or_default())
    }
}
