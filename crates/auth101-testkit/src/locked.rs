//! A database in which a host's transaction holds locks, in the time of a test.

use crate::{clock::TestClock, executor::give_way};
use auth101_core::{Timestamp, port::Clock};
use auth101_sql::{LOCK_WAIT, Outcome, SqlDriver, SqlError, Statement, Value};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

/// How a batch learns of the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// It waits at the database, to the end of its time.
    AtTheDatabase,
    /// It conflicts with whoever holds the lock, again and again, as on a file that several processes write.
    InConflicts,
}

/// What a host's transaction holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Held {
    /// Everything, as who writes a file of SQLite.
    Everything,
    /// The rows with these identifiers.
    Rows(Vec<String>),
}

impl Held {
    /// Whether a batch needs what is held: it writes, and names such a row. Readers wait for nobody.
    fn keeps_out(&self, statements: &[Statement<'_>]) -> bool {
        let writes = statements.iter().any(|statement| !statement.sql.starts_with("SELECT"));
        writes
            && match self {
                Self::Everything => true,
                Self::Rows(ids) => {
                    let is_held = |value: &Value| matches!(value, Value::Text(text) if ids.contains(text));
                    statements.iter().flat_map(|statement| &statement.parameters).any(is_held)
                }
            }
    }
}

/// The transaction of a host that holds locks, if there is one. Clones are about the same one.
#[derive(Clone, Debug, Default)]
pub struct Locks(Rc<RefCell<Option<(Held, Timestamp)>>>);

impl Locks {
    /// The host takes locks, and releases them then.
    pub fn hold(&self, held: Held, until: Timestamp) {
        *self.0.borrow_mut() = Some((held, until));
    }

    /// When a batch that comes now gets its turn, if it must wait.
    fn released(&self, statements: &[Statement<'_>], now: Timestamp) -> Option<Timestamp> {
        let locks = self.0.borrow();
        let (held, until) = locks.as_ref()?;
        (now < *until && held.keeps_out(statements)).then_some(*until)
    }
}

/// What the batches of one caller meet. Whoever polls the caller looks here after each turn.
#[derive(Debug, Default)]
pub struct Wait {
    /// When it is due again, where it waits.
    pub until: Cell<Option<Timestamp>>,
    /// Whether a batch was given up.
    pub gave_up: Cell<bool>,
}

/// A driver whose batches wait for locks before they begin, and then take no time by the test's clock.
#[derive(Clone, Debug)]
pub struct LockedDriver<D> {
    inner: D,
    clock: TestClock,
    waiting: Waiting,
    locks: Locks,
    wait: Rc<Wait>,
}

impl<D: SqlDriver> LockedDriver<D> {
    /// The driver for one caller.
    pub const fn new(inner: D, clock: TestClock, waiting: Waiting, locks: Locks, wait: Rc<Wait>) -> Self {
        Self { inner, clock, waiting, locks, wait }
    }

    fn give_up(&self, error: SqlError) -> Result<Vec<Outcome>, SqlError> {
        self.wait.gave_up.set(true);
        Err(error)
    }
}

impl<D: SqlDriver> SqlDriver for LockedDriver<D> {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        if limit.is_zero() {
            return self.give_up(SqlError::Unavailable);
        }
        let (patience, refusal) = match self.waiting {
            Waiting::AtTheDatabase => (limit, SqlError::Unavailable),
            Waiting::InConflicts => (limit.min(LOCK_WAIT), SqlError::Conflict),
        };
        let patience = i64::try_from(patience.as_micros()).unwrap_or(i64::MAX);
        let ends = Timestamp::from_micros(self.clock.now().micros().saturating_add(patience));
        while let Some(released) = self.locks.released(statements, self.clock.now()) {
            self.wait.until.set(Some(released.min(ends)));
            give_way().await;
            if self.clock.now() >= ends {
                return self.give_up(refusal);
            }
        }
        self.inner.batch(statements).await
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.clock.now().micros()).unwrap_or_default())
    }
}
