//! What a task and the JavaScript that drives it hand to each other.

use crate::rows::BoundStatement;
use auth101_core::{
    event::{Event, Observer},
    port::HasherError,
};
use auth101_sql::{Outcome, SqlError};
use serde_json::Value;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::Poll,
    time::Duration,
};
use zeroize::Zeroizing;

/// What a task waits for.
pub(crate) enum Question {
    /// A batch on the database.
    Batch(LimitedBatch),
    /// A hash in a worker; see `job.rs`.
    Hash(Zeroizing<Vec<u8>>),
}

/// A batch, and how long it may take.
pub(crate) struct LimitedBatch {
    pub(crate) statements: Vec<BoundStatement>,
    pub(crate) limit: Duration,
}

/// What JavaScript found out.
pub(crate) enum Answer {
    /// What became of the batch.
    Batch(Result<Vec<Outcome>, SqlError>),
    /// The outcome of the job.
    Hash(Result<Vec<u8>, HasherError>),
}

/// One a task. Flows await one thing at a time, so there is room for one question and one answer.
#[derive(Default)]
pub(crate) struct Exchange {
    question: Cell<Option<Question>>,
    answer: Cell<Option<Answer>>,
    events: RefCell<Vec<Value>>,
}

impl Exchange {
    /// Asks and waits until JavaScript has answered.
    pub(crate) async fn ask(&self, question: Question) -> Answer {
        self.question.set(Some(question));
        // No waker: whoever answers polls.
        poll_fn(|_| self.answer.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// What the task waits for, once.
    pub(crate) fn take_question(&self) -> Option<Question> {
        self.question.take()
    }

    /// Answers the question.
    pub(crate) fn answer(&self, answer: Answer) {
        self.answer.set(Some(answer));
    }

    /// Something for the log, which JavaScript writes after this step.
    pub(crate) fn report(&self, event: Value) {
        self.events.borrow_mut().push(event);
    }

    /// What happened since it was last asked.
    pub(crate) fn take_events(&self) -> Vec<Value> {
        self.events.take()
    }
}

impl Observer for Exchange {
    fn observe(&self, event: &Event) {
        self.report(event.to_json());
    }
}
