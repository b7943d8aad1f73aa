//! The SQL driver over the host's database.

use crate::{
    exchange::{Answer, Exchange, LimitedBatch, Question},
    platform, rows,
};
use auth101_sql::{Dialect, Outcome, SqlDriver, SqlError, Statement};
use std::{rc::Rc, time::Duration};

/// Asks JavaScript to run each batch.
pub(crate) struct HostDriver {
    pub(crate) dialect: Dialect,
    pub(crate) exchange: Rc<Exchange>,
}

impl SqlDriver for HostDriver {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let batch = LimitedBatch { statements: rows::write(self.dialect, statements), limit };
        match self.exchange.ask(Question::Batch(batch)).await {
            Answer::Batch(Ok(outcomes)) if outcomes.len() != statements.len() => Err(SqlError::Rejected),
            Answer::Batch(outcome) => outcome,
            Answer::Hash(_) => Err(SqlError::Rejected),
        }
    }

    fn elapsed(&self) -> Duration {
        platform::elapsed()
    }
}
