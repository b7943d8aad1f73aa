//! The suites of the test kit over a database that JavaScript has: what every driver of the npm package, and every driver
//! of a host, must do.
//!
//! JavaScript drives, as it does in the package: it polls a [`Suite`], runs the batches that it asks for, answers, and
//! polls again until the suite is done. A claim that does not hold is an exception out of the poll.

#![forbid(unsafe_code)]
#![allow(clippy::panic, reason = "an expectation that fails here is a test that fails")]

mod host;

use auth101_js::{
    boundary::{Returned, to_js},
    rows::{self, BoundStatement},
};
use auth101_sql::{Dialect, Entities, SqlDriver, SqlStore, Statement, Statements, schema};
use auth101_testkit::{driver_claims, run_store_suite, sql_tables::SqlTables};
use host::{Desk, HostDatabase};
use serde::Serialize;
use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Waker},
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

/// All claims in a row but the one that is excepted.
macro_rules! claims_but_one {
    ($suite:ident, ($driver:ident, $dialect:ident, $except:ident, $passed:expr), $($claim:ident)*) => {
        $(
            if $except.as_deref() != Some(stringify!($claim)) {
                auth101_testkit::$suite::$claim(&$driver, &$dialect).await;
                $passed(stringify!($claim));
            }
        )*
    };
}

/// How far a suite has come.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    /// Each with its number.
    batches: Vec<(u32, Vec<BoundStatement>)>,
    /// The claims that have held since.
    passed: Vec<&'static str>,
    is_done: bool,
}

/// A suite in progress.
#[wasm_bindgen]
pub struct Suite {
    dialect: Dialect,
    desk: Rc<Desk>,
    passed: Rc<RefCell<Vec<&'static str>>>,
    work: RefCell<Pin<Box<dyn Future<Output = ()>>>>,
    is_done: Cell<bool>,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn report(message: &str);
}

#[wasm_bindgen]
impl Suite {
    /// What every driver must do, on a database of its own, but for the claim of that name, if any.
    #[must_use]
    pub fn driver(dialect: &str, except: Option<String>) -> Self {
        Self::new(dialect, async move |database, passed| {
            let dialect = database.dialect;
            driver_claims!(claims_but_one, database, dialect, except, |claim| passed.borrow_mut().push(claim));
        })
    }

    /// What the store must do over the driver, on a database of its own. Its tables are made anew for each claim.
    #[must_use]
    pub fn store(dialect: &str) -> Self {
        Self::new(dialect, async |database, passed| {
            run_store_suite!(tables_made_anew(&database), |claim| passed.borrow_mut().push(claim));
        })
    }

    /// What a driver over one connection runs before a batch: a list of texts.
    pub fn begin(&self) -> Returned {
        Ok(to_js(self.dialect.begin()))
    }

    /// Goes on as far as the answers allow: `batches`, a list of a number and the statements of a batch; `passed`, the
    /// claims that have held since; `isDone`.
    pub fn poll(&self) -> Returned {
        if !self.is_done.get() {
            let polled = self.work.borrow_mut().as_mut().poll(&mut Context::from_waker(Waker::noop()));
            self.is_done.set(polled.is_ready());
        }
        Ok(to_js(&Step {
            batches: self.desk.take_questions(),
            passed: self.passed.take(),
            is_done: self.is_done.get(),
        }))
    }

    /// What became of a batch, in the words in which the package says it.
    pub fn answer(&self, number: u32, answer: JsValue) {
        self.desk.answer(number, rows::read(self.dialect, answer));
    }
}

impl Suite {
    fn new<W>(dialect: &str, suite: impl FnOnce(HostDatabase, Rc<RefCell<Vec<&'static str>>>) -> W) -> Self
    where
        W: Future<Output = ()> + 'static,
    {
        std::panic::set_hook(Box::new(|panic| report(&panic.to_string())));
        let Some(dialect) = Dialect::of(dialect) else {
            panic!("there is no dialect {dialect}");
        };
        let (desk, passed) = (Rc::new(Desk::default()), Rc::new(RefCell::default()));
        let work = suite(HostDatabase { dialect, desk: Rc::clone(&desk) }, Rc::clone(&passed));
        Self { dialect, desk, passed, work: RefCell::new(Box::pin(work)), is_done: Cell::new(false) }
    }
}

async fn tables_made_anew(database: &HostDatabase) -> (SqlStore<HostDatabase>, SqlTables<HostDatabase>) {
    let (dialect, entities) = (database.dialect, Entities::default());
    let mut batch: Vec<String> =
        entities.iter().map(|entity| format!("DROP TABLE IF EXISTS {}", entity.name)).collect();
    batch.extend(schema::create_statements(dialect, &entities));
    let batch: Vec<Statement<'_>> = batch.iter().map(|sql| Statement { sql, parameters: Vec::new() }).collect();
    if let Err(error) = database.batch(&batch).await {
        panic!("the tables cannot be made: {error:?}");
    }
    let store = SqlStore::new(database.clone(), Rc::new(Statements::new(dialect, &entities)));
    (store, SqlTables::new(database.clone(), dialect))
}
