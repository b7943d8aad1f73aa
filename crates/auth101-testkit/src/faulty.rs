//! Things that go wrong between the service and its database, at calls of the test's choosing.

use crate::executor::give_way;
use auth101_sql::{Outcome, SqlDriver, SqlError, Statement};
use std::{cell::Cell, fmt, rc::Rc, time::Duration};

/// What happens to one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    /// Nothing.
    None,
    /// It fails and was not applied.
    FailsBefore,
    /// It was applied, and the answer is lost: it fails.
    FailsAfter,
    /// The platform applies it twice and returns the second answer.
    RunsTwice,
}

/// Decides for the call with this index, counted from 0.
pub type Plan = Rc<dyn Fn(usize) -> Mishap>;

/// No mishap at any call.
#[must_use]
pub fn never() -> Plan {
    Rc::new(|_| Mishap::None)
}

/// This mishap at that call and nowhere else.
#[must_use]
pub fn only_at(index: usize, mishap: Mishap) -> Plan {
    Rc::new(move |call| if call == index { mishap } else { Mishap::None })
}

/// A driver that gives way before each batch, as one behind a network does, counts its batches, and suffers what the plan
/// says. Clones share the count.
#[derive(Clone)]
pub struct FaultyDriver<D> {
    inner: D,
    plan: Plan,
    error: SqlError,
    calls: Rc<Cell<usize>>,
}

impl<D: fmt::Debug> fmt::Debug for FaultyDriver<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FaultyDriver").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<D: SqlDriver> FaultyDriver<D> {
    /// A driver whose failures look like an outage.
    pub fn new(inner: D, plan: Plan) -> Self {
        Self { inner, plan, error: SqlError::Unavailable, calls: Rc::default() }
    }

    /// The same with failures of another kind.
    #[must_use]
    pub fn failing_with(self, error: SqlError) -> Self {
        Self { error, ..self }
    }

    /// How many batches reached the database, or failed on the way to it: each is one round trip.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.get()
    }
}

impl<D: SqlDriver> SqlDriver for FaultyDriver<D> {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let called = self.inner.elapsed();
        give_way().await;
        // The way to the database is part of the time that the batch has.
        let limit = limit.saturating_sub(self.inner.elapsed().saturating_sub(called));
        let mishap = (self.plan)(self.calls.replace(self.calls.get() + 1));
        if mishap == Mishap::FailsBefore {
            return Err(self.error.clone());
        }
        let mut outcomes = self.inner.batch_within(statements, limit).await?;
        if mishap == Mishap::RunsTwice {
            outcomes = self.inner.batch_within(statements, limit).await?;
        }
        if mishap == Mishap::FailsAfter { Err(self.error.clone()) } else { Ok(outcomes) }
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }
}
