//! A call in progress.

use crate::{
    boundary::{Returned, to_js},
    exchange::{Answer, Exchange, LimitedBatch, Question},
    job,
    rows::{self, BoundStatement},
};
use auth101_core::port::HasherError;
use auth101_sql::Dialect;
use js_sys::Uint8Array;
use serde::Serialize;
use serde_json::Value;
use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use zeroize::Zeroizing;

type Work = Pin<Box<dyn Future<Output = JsValue>>>;

/// A call in progress. JavaScript starts it, and answers each step that is not the last.
#[wasm_bindgen]
pub struct Task {
    dialect: Dialect,
    exchange: Rc<Exchange>,
    /// Nothing once it has ended.
    work: RefCell<Option<Work>>,
    job: Cell<Option<Zeroizing<Vec<u8>>>>,
}

/// How far a task has come. Without `batch` and `hash` it has ended.
#[derive(Serialize, Default)]
struct Step {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<Value>,
    /// These statements are to be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<Vec<BoundStatement>>,
    /// How many milliseconds they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<f64>,
    /// The job that [`Task::job`] gives is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<bool>,
    #[serde(skip_serializing_if = "JsValue::is_undefined", serialize_with = "serde_wasm_bindgen::preserve::serialize")]
    result: JsValue,
}

impl Task {
    pub(crate) fn new(dialect: Dialect, exchange: Rc<Exchange>, work: impl Future<Output = JsValue> + 'static) -> Self {
        Self { dialect, exchange, work: RefCell::new(Some(Box::pin(work))), job: Cell::new(None) }
    }

    fn resume(&self) -> Returned {
        let mut work = self.work.borrow_mut();
        let polled = work.as_mut().map(|work| work.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        let mut step = Step { events: self.exchange.take_events(), ..Step::default() };
        match (polled, self.exchange.take_question()) {
            (Some(Poll::Ready(result)), _) => {
                *work = None;
                step.result = result;
            }
            (Some(Poll::Pending), Some(Question::Batch(LimitedBatch { statements, limit }))) => {
                step.batch = Some(statements);
                step.timeout = Some(limit.as_secs_f64() * 1_000.0);
            }
            (Some(Poll::Pending), Some(Question::Hash(job))) => {
                self.job.set(Some(job));
                step.hash = Some(true);
            }
            // A task that has ended, or that waits for what nobody was asked: JavaScript that counts wrongly.
            (Some(Poll::Pending) | None, _) => step.result = JsValue::NULL,
        }
        Ok(to_js(&step))
    }
}

#[wasm_bindgen]
impl Task {
    /// The first step: `events` that happened, and one of `batch` (with its `timeout`), `hash` and `result`.
    pub fn start(&self) -> Returned {
        self.resume()
    }

    /// The step after a batch; see `rows.rs` for the form of its answer.
    #[wasm_bindgen(js_name = answerBatch)]
    pub fn answer_batch(&self, answer: JsValue) -> Returned {
        self.exchange.answer(Answer::Batch(rows::read(self.dialect, answer)));
        self.resume()
    }

    /// The job of a step that asks for a hash, as a `Uint8Array`. The bytes hold the password: whoever gets them wipes them.
    /// They are copied into JavaScript here, since a vector that is returned would leave its bytes in this memory.
    pub fn job(&self) -> Returned {
        let job = self.job.take().unwrap_or_default();
        Ok(Uint8Array::from(job.as_slice()).into())
    }

    /// The step after a hash: what [`run_job`] gave, or nothing where it was not run. Where too many others waited, with the
    /// seconds after which it may be tried again.
    #[wasm_bindgen(js_name = answerHash)]
    pub fn answer_hash(&self, outcome: Option<Vec<u8>>, retry_after: Option<u32>) -> Returned {
        let error = retry_after.map_or(HasherError::Failed, |retry_after| HasherError::Overloaded { retry_after });
        self.exchange.answer(Answer::Hash(outcome.ok_or(error)));
        self.resume()
    }
}

/// Does the job of a step that asks for a hash: what a worker is for. Nothing where it cannot be done.
#[wasm_bindgen(js_name = runJob)]
pub fn run_job(job: Vec<u8>) -> Option<Vec<u8>> {
    job::run(&Zeroizing::new(job))
}
