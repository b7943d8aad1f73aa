//! Counts what a request costs the database.

use auth101_sql::{Outcome, SqlDriver, SqlError, Statement};
use std::{cell::Cell, rc::Rc, time::Duration};

/// A driver that counts its batches. Clones share the count.
#[derive(Clone, Debug)]
pub struct CountingDriver<D> {
    inner: D,
    batches: Rc<Cell<usize>>,
}

impl<D: SqlDriver> CountingDriver<D> {
    /// Starts at 0.
    pub fn new(inner: D) -> Self {
        Self { inner, batches: Rc::default() }
    }

    /// The batches since this was last asked: each is one round trip.
    pub fn take(&self) -> usize {
        self.batches.take()
    }
}

impl<D: SqlDriver> SqlDriver for CountingDriver<D> {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        self.batches.set(self.batches.get() + 1);
        self.inner.batch_within(statements, limit).await
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }
}
