//! The SQL driver over the host's database.

use crate::{
    exchange::{Answer, Exchange, Question},
    rows,
};
use auth101_sql::{Dialect, Outcome, SqlDriver, SqlError, Statement};
use std::rc::Rc;

/// Asks JavaScript to run each batch.
pub(crate) struct HostDriver {
    pub(crate) dialect: Dialect,
    pub(crate) exchange: Rc<Exchange>,
}

impl SqlDriver for HostDriver {
    async fn batch(&self, statements: &[Statement<'_>]) -> Result<Vec<Outcome>, SqlError> {
        let batch = rows::write(self.dialect, statements);
        match self.exchange.ask(Question::Batch(batch)).await {
            Answer::Batch(Ok(outcomes)) if outcomes.len() != statements.len() => Err(SqlError::Rejected),
            Answer::Batch(outcome) => outcome,
            Answer::Hash(_) => Err(SqlError::Rejected),
        }
    }
}
