//! Statements as JavaScript gets them, and what a database gave back.

use crate::boundary::from_js;
use auth101_sql::{
    Dialect, Outcome, Row, SqlError, Statement, Value,
    classify::{classify_mysql, classify_postgres, classify_sqlite, classify_system},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::ops::RangeInclusive;
use wasm_bindgen::JsValue;

/// The integers that a number of JavaScript holds: `Number.MIN_SAFE_INTEGER` to `Number.MAX_SAFE_INTEGER`.
const SAFE_INTEGERS: RangeInclusive<i64> = -0x1f_ffff_ffff_ffff..=0x1f_ffff_ffff_ffff;

/// A statement as `js/src/driver/database.ts` declares it.
#[derive(Serialize, Debug)]
pub struct BoundStatement {
    sql: String,
    params: Vec<Json>,
}

/// The statements of a batch for JavaScript.
#[must_use]
pub fn write(dialect: Dialect, statements: &[Statement<'_>]) -> Vec<BoundStatement> {
    let bound_statement = |statement: &Statement<'_>| BoundStatement {
        sql: statement.sql.to_owned(),
        params: statement.parameters.iter().map(|value| bound(dialect, value)).collect(),
    };
    statements.iter().map(bound_statement).collect()
}

fn bound(dialect: Dialect, value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Integer(integer) if SAFE_INTEGERS.contains(integer) => json!(integer),
        // Databases take the digits for the number.
        Value::Integer(integer) => json!(integer.to_string()),
        Value::Boolean(boolean) if dialect == Dialect::Postgres => json!(boolean),
        Value::Boolean(boolean) => json!(u8::from(*boolean)),
        Value::Timestamp(at) => json!(at.to_text()),
        Value::Null => Json::Null,
    }
}

/// What JavaScript says of a batch. It writes this itself from what the driver gave it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Said {
    /// It committed.
    Results(Vec<Committed>),
    /// It threw: the error and its causes, the innermost first.
    Errors(Vec<Thrown>),
    /// It did not answer in time.
    Silent,
    /// It gave something that is no list of results.
    Malformed,
}

#[derive(Deserialize)]
struct Committed {
    /// Values that no column of ours holds are left out.
    rows: Vec<Map<String, Json>>,
    affected: u64,
}

/// An error of a database.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Thrown {
    message: String,
    /// PostgreSQL's SQLSTATE.
    code: Option<String>,
    /// MySQL's number.
    errno: Option<u16>,
    /// PostgreSQL's name of the index.
    constraint: Option<String>,
}

/// The outcome of a batch, out of what JavaScript says of it.
///
/// # Errors
/// The batch did not commit; see [`SqlError`].
pub fn read(dialect: Dialect, answer: JsValue) -> Result<Vec<Outcome>, SqlError> {
    understood(dialect, from_js(answer))
}

fn understood(dialect: Dialect, said: Option<Said>) -> Result<Vec<Outcome>, SqlError> {
    match said {
        Some(Said::Results(results)) => Ok(results.into_iter().map(outcome).collect()),
        Some(Said::Errors(errors)) => Err(classify(dialect, &errors)),
        Some(Said::Silent) => Err(SqlError::Unavailable),
        Some(Said::Malformed) | None => Err(SqlError::Rejected),
    }
}

fn outcome(committed: Committed) -> Outcome {
    let row = |row: Map<String, Json>| Row(row.into_iter().filter_map(column).collect());
    Outcome { rows: committed.rows.into_iter().map(row).collect(), affected: committed.affected }
}

fn column((name, value): (String, Json)) -> Option<(String, Value)> {
    let value = match value {
        Json::Null => Value::Null,
        Json::Bool(boolean) => Value::Boolean(boolean),
        Json::String(text) => Value::Text(text),
        // A fraction is no value of ours; as text no reader takes it for one.
        Json::Number(number) => number.as_i64().map_or_else(|| Value::Text(number.to_string()), Value::Integer),
        Json::Array(_) | Json::Object(_) => return None,
    };
    Some((name, value))
}

/// The innermost error decides, for it is the database's own: what wraps it may quote the statement and its values, which
/// anybody may have written. Where the innermost has no mark of the database, those around it may.
fn classify(dialect: Dialect, errors: &[Thrown]) -> SqlError {
    // What the system says decides first: its `EPERM` and `EROFS` have the form of a SQLSTATE.
    if let Some(error) = errors.iter().find_map(|error| classify_system(error.code.as_deref()?)) {
        return error;
    }
    match dialect {
        Dialect::Sqlite => classify_sqlite(errors.first().map_or("", |error| &error.message)),
        Dialect::Postgres => {
            let marked = errors.iter().find_map(|error| Some((error, error.code.as_deref()?)));
            marked.map_or(SqlError::Unavailable, |(error, code)| {
                classify_postgres(code, &error.message, error.constraint.as_deref())
            })
        }
        Dialect::MySql => {
            let marked = errors.iter().find_map(|error| Some((error, error.errno?)));
            marked.map_or(SqlError::Unavailable, |(error, number)| classify_mysql(number, &error.message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::{Cause, Problem, Timestamp};

    fn written(dialect: Dialect, sql: &str, parameters: Vec<Value>) -> Json {
        json!(write(dialect, &[Statement { sql, parameters }]))
    }

    fn read(dialect: Dialect, answer: &str) -> Result<Vec<Outcome>, SqlError> {
        understood(dialect, serde_json::from_str(answer).ok())
    }

    #[test]
    fn values_are_written_as_the_dialect_takes_them() {
        let parameters = vec![
            Value::Text("a\0\"é".to_owned()),
            Value::Boolean(true),
            Value::Timestamp(Timestamp::EPOCH),
            Value::Null,
        ];
        assert_eq!(
            written(Dialect::Sqlite, "SELECT ?", parameters),
            json!([{ "sql": "SELECT ?", "params": ["a\0\"é", 1, "1970-01-01 00:00:00.000000", null] }])
        );
        assert_eq!(
            written(Dialect::Postgres, "SELECT $1", vec![Value::Boolean(false)]),
            json!([{ "sql": "SELECT $1", "params": [false] }])
        );
    }

    #[test]
    fn an_integer_that_no_number_of_javascript_holds_is_written_as_text() {
        let parameters = [9_007_199_254_740_991, 9_007_199_254_740_992, -9_007_199_254_740_991, i64::MIN];
        assert_eq!(
            written(Dialect::Sqlite, "SELECT ?", parameters.map(Value::Integer).to_vec()).pointer("/0/params"),
            Some(&json!([
                9_007_199_254_740_991_i64,
                "9007199254740992",
                -9_007_199_254_740_991_i64,
                "-9223372036854775808"
            ]))
        );
    }

    #[test]
    fn rows_are_read_and_what_is_no_value_is_left_out() {
        let answer = r#"{"results":[{"rows":[{"a":"x","b":1,"c":true,"d":null,"e":1.5,"f":[1]}],"affected":0}]}"#;
        let outcomes = read(Dialect::Sqlite, answer).unwrap();
        let row = &outcomes[0].rows[0];
        assert_eq!(row.get("a"), Some(&Value::Text("x".to_owned())));
        assert_eq!(row.get("b"), Some(&Value::Integer(1)));
        assert_eq!(row.get("c"), Some(&Value::Boolean(true)));
        assert_eq!(row.get("d"), Some(&Value::Null));
        assert_eq!(row.get("e"), Some(&Value::Text("1.5".to_owned())));
        assert_eq!(row.get("f"), None);
    }

    #[test]
    fn the_innermost_error_decides() {
        // What wraps the database's error may quote what anybody typed.
        let wrapped = r#"{"errors":[{"message":"connect ECONNREFUSED"},{"message":"params: no such table: x"}]}"#;
        assert_eq!(read(Dialect::Sqlite, wrapped), Err(SqlError::Unavailable));
        let wrapped = r#"{"errors":[{"message":"UNIQUE constraint failed: users.email"},{"message":"Failed query"}]}"#;
        assert_eq!(read(Dialect::Sqlite, wrapped), Err(SqlError::UniqueViolation("users.email".to_owned())));
        let postgres = r#"{"errors":[{"message":"","code":"23505","constraint":"ix"},{"message":"","code":"42P01"}]}"#;
        assert_eq!(read(Dialect::Postgres, postgres), Err(SqlError::UniqueViolation("ix".to_owned())));
        let postgres = r#"{"errors":[{"message":"no mark"},{"message":"","code":"40001"}]}"#;
        assert_eq!(read(Dialect::Postgres, postgres), Err(SqlError::Conflict));
        let mysql = r#"{"errors":[{"message":"","errno":1213}]}"#;
        assert_eq!(read(Dialect::MySql, mysql), Err(SqlError::Conflict));
        let denied = r#"{"errors":[{"message":"permission denied","code":"EPERM"},{"message":"failed query"}]}"#;
        for dialect in Dialect::ALL {
            let expected = SqlError::NotSetUp(Problem::new(Cause::CannotOpen, ""));
            assert_eq!(read(dialect, denied), Err(expected), "{dialect:?}");
        }
    }

    #[test]
    fn silence_is_an_outage_and_nonsense_a_defect() {
        assert_eq!(read(Dialect::Sqlite, r#""silent""#), Err(SqlError::Unavailable));
        assert_eq!(read(Dialect::MySql, r#"{"errors":[]}"#), Err(SqlError::Unavailable));
        for nonsense in ["", "{}", r#""malformed""#, r#"{"results":[{"rows":[1],"affected":0}]}"#] {
            assert_eq!(read(Dialect::Sqlite, nonsense), Err(SqlError::Rejected), "{nonsense}");
        }
    }
}
