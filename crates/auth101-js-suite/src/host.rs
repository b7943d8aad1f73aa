//! The SQL driver over a database of the host, with as many batches under way as the suite wants.

use auth101_js::{
    platform,
    rows::{self, BoundStatement},
};
use auth101_sql::{Dialect, Outcome, SqlDriver, SqlError, Statement};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::poll_fn,
    rc::Rc,
    task::Poll,
    time::Duration,
};

/// What JavaScript is asked to run, and what it answered.
#[derive(Default)]
pub(crate) struct Desk {
    asked: Cell<u32>,
    questions: RefCell<Vec<(u32, Vec<BoundStatement>)>>,
    answers: RefCell<BTreeMap<u32, Result<Vec<Outcome>, SqlError>>>,
}

impl Desk {
    /// The batches that nobody runs yet, each with its number.
    pub(crate) fn take_questions(&self) -> Vec<(u32, Vec<BoundStatement>)> {
        self.questions.take()
    }

    /// What became of the batch with that number.
    pub(crate) fn answer(&self, number: u32, answer: Result<Vec<Outcome>, SqlError>) {
        self.answers.borrow_mut().insert(number, answer);
    }

    fn ask(&self, batch: Vec<BoundStatement>) -> u32 {
        let number = self.asked.get();
        self.asked.set(number + 1);
        self.questions.borrow_mut().push((number, batch));
        number
    }
}

/// Asks JavaScript to run each batch, in the words in which the package does. A batch that was asked for is run, also
/// where nobody waits for it any more.
#[derive(Clone)]
pub(crate) struct HostDatabase {
    pub(crate) dialect: Dialect,
    pub(crate) desk: Rc<Desk>,
}

impl SqlDriver for HostDatabase {
    /// The test that drives the suite tells the driver how long it may take.
    async fn batch_within(&self, statements: &[Statement<'_>], _: Duration) -> Result<Vec<Outcome>, SqlError> {
        let number = self.desk.ask(rows::write(self.dialect, statements));
        let answer = poll_fn(|_| match self.desk.answers.borrow_mut().remove(&number) {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        })
        .await;
        match answer {
            Ok(outcomes) if outcomes.len() != statements.len() => Err(SqlError::Rejected),
            outcome => outcome,
        }
    }

    fn elapsed(&self) -> Duration {
        platform::elapsed()
    }
}
