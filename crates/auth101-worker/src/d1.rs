//! The SQL driver over a D1 binding.
//!
//! The binding is spoken to directly: the `worker` crate's wrapper panics where `prepare` throws, and so does the
//! `Display` of its errors.

use crate::set_up::SetUpError;
use auth101_sql::{
    classify::classify_sqlite,
    driver::{Outcome, Row, SqlDriver, SqlError, Statement, Value},
};
use js_sys::{Array, Function, Object, Promise, Reflect, futures::JsFuture};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::Env;

#[wasm_bindgen]
extern "C" {
    #[derive(Clone, Debug)]
    type Database;

    #[wasm_bindgen(method, catch)]
    fn prepare(this: &Database, sql: &str) -> Result<Prepared, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn batch(this: &Database, statements: &Array) -> Result<JsValue, JsValue>;

    type Prepared;

    #[wasm_bindgen(method, catch, variadic)]
    fn bind(this: &Prepared, values: &Array) -> Result<Prepared, JsValue>;
}

/// A D1 database. `batch` is its only transaction, and an atomic one.
#[derive(Clone, Debug)]
pub(crate) struct D1 {
    database: Database,
    binding: String,
}

impl D1 {
    /// The database of a binding.
    pub(crate) fn from_env(env: &Env, binding: &str) -> Result<Self, SetUpError> {
        let value = property(env.as_ref(), binding);
        if property(&value, "batch").is_instance_of::<Function>() {
            Ok(Self { database: value.unchecked_into(), binding: binding.to_owned() })
        } else {
            Err(SetUpError::Database { binding: binding.to_owned() })
        }
    }
}

impl SqlDriver for D1 {
    /// D1 offers no bound: a batch that has reached it runs to its end. Its writers come one after the other, so nothing
    /// waits for a lock, and what it has to do takes milliseconds.
    async fn batch_within(&self, statements: &[Statement<'_>], _: Duration) -> Result<Vec<Outcome>, SqlError> {
        let results = self.run(statements).await.map_err(|error| classify(&error).about(&self.binding))?;
        match results.dyn_ref::<Array>() {
            Some(results) => Ok(results.iter().map(|result| outcome(&result)).collect()),
            None => Err(SqlError::Rejected),
        }
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs_f64(js_sys::Date::now().max(0.0) / 1_000.0)
    }
}

impl D1 {
    async fn run(&self, statements: &[Statement<'_>]) -> Result<JsValue, JsValue> {
        let prepared = Array::new();
        for statement in statements {
            let values: Array = statement.parameters.iter().map(bound).collect();
            prepared.push(&self.database.prepare(statement.sql)?.bind(&values)?.into());
        }
        JsFuture::from(Promise::resolve(&self.database.batch(&prepared)?)).await
    }
}

/// D1 takes numbers, texts and null. It refuses 64-bit integers and stores booleans as numbers anyway.
fn bound(value: &Value) -> JsValue {
    match value {
        Value::Text(text) => JsValue::from_str(text),
        #[allow(clippy::cast_precision_loss, reason = "the statements bind no integer beyond 53 bits")]
        Value::Integer(integer) => JsValue::from_f64(*integer as f64),
        Value::Boolean(boolean) => JsValue::from_f64(f64::from(u8::from(*boolean))),
        Value::Timestamp(at) => JsValue::from_str(&at.to_text()),
        Value::Null => JsValue::NULL,
    }
}

fn outcome(result: &JsValue) -> Outcome {
    let rows = property(result, "results");
    let rows = rows.dyn_ref::<Array>().map(|rows| rows.iter().map(|found| row(&found)).collect());
    let changes = property(&property(result, "meta"), "changes").as_f64().unwrap_or_default();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count; the cast saturates")]
    let affected = changes as u64;
    Outcome { rows: rows.unwrap_or_default(), affected }
}

fn row(found: &JsValue) -> Row {
    let Some(object) = found.dyn_ref::<Object>() else {
        return Row::default();
    };
    let columns = Object::entries(object);
    Row(columns.iter().filter_map(|entry| column(entry.dyn_ref::<Array>()?)).collect())
}

fn column(entry: &Array) -> Option<(String, Value)> {
    let (name, value) = (entry.get(0).as_string()?, entry.get(1));
    let value = if value.is_null_or_undefined() {
        Value::Null
    } else if let Some(text) = value.as_string() {
        Value::Text(text)
    } else if let Some(boolean) = value.as_bool() {
        Value::Boolean(boolean)
    } else {
        // No number is what the arrays are in which D1 hands out BLOBs.
        Value::from_f64(value.as_f64().unwrap_or(f64::NAN))
    };
    Some((name, value))
}

/// What D1 says is compared and goes no further: it may quote values.
fn classify(error: &JsValue) -> SqlError {
    let message = property(error, "message").as_string().or_else(|| error.as_string());
    classify_sqlite(&message.unwrap_or_default())
}

fn property(object: &JsValue, name: &str) -> JsValue {
    // Fails on what is no object, and where a getter throws: there is no such property then.
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}
