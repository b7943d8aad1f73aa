//! No route reads a whole table: every statement finds its rows by an index, in the plan that the database itself makes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "databases/mod.rs"]
mod databases;

use auth101_sql::{Dialect, Entities, Row, SqlDriver, Statement, Statements, Value};
use auth101_testkit::executor::block_on;
use databases::{Database, on_each_dialect};

on_each_dialect! {
    every_statement_of_a_route_finds_its_rows_by_an_index
}

/// Enough that a database that knows its business does not read them all.
const ROWS: usize = 4_000;

fn filled(dialect: Dialect) -> Database {
    let database = Database::migrated(dialect);
    let time = "'2026-01-01 00:00:00'";
    for first in (0..ROWS).step_by(500) {
        let rows = |row: &dyn Fn(usize) -> String| (first..first + 500).map(row).collect::<Vec<_>>().join(", ");
        database.run(&[
            format!(
                "INSERT INTO users (id, name, email, email_verified, is_active, created_at, updated_at) VALUES {}",
                rows(&|n| format!("('user-{n}', '', 'user{n}@example.com', FALSE, TRUE, {time}, {time})"))
            ),
            format!(
                "INSERT INTO account (id, account_id, provider_id, user_id, password, created_at, updated_at) VALUES {}",
                rows(&|n| format!(
                    "('account-{n}', 'user{n}@example.com', 'credential', 'user-{n}', 'hash', {time}, {time})"
                ))
            ),
            format!(
                "INSERT INTO session (id, token, expires_at, user_id, created_at, updated_at) VALUES {}",
                rows(&|n| format!("('session-{n}', 'token-{n}', {time}, 'user-{n}', {time}, {time})"))
            ),
        ]);
    }
    database.run(match dialect {
        Dialect::Sqlite | Dialect::Postgres => &["ANALYZE"],
        Dialect::MySql => &["ANALYZE TABLE users, account, session"],
    });
    database
}

/// A value such as the parameter has; of the thousandth user, where it is one's.
fn value(parameter: &str) -> Value {
    Value::Text(
        match parameter {
            "user_id" => "user-1000",
            "session_id" => "session-1000",
            "account_row_id" => "account-1000",
            "email" => "user1000@example.com",
            "presented" | "token" => "token-1000",
            "successor" => "token-1001",
            "provider_id" => "credential",
            "now" | "born" | "grace_from" | "grace_until" | "paced_before" | "expires_at" => "2026-01-01 00:00:00",
            "is_active" | "email_verified" => return Value::Boolean(true),
            _ => "other",
        }
        .to_owned(),
    )
}

/// What a plan says of a table that is read whole.
fn scans(dialect: Dialect, plan: &[Row]) -> Vec<String> {
    let column = |row: &Row, name: &str| match row.get(name) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let tables = ["users", "account", "session"];
    match dialect {
        Dialect::Sqlite => {
            let lines = plan.iter().map(|row| column(row, "detail"));
            lines.filter(|line| line.starts_with("SCAN") && !line.starts_with("SCAN CONSTANT")).collect()
        }
        Dialect::Postgres => {
            let lines = plan.iter().map(|row| column(row, "QUERY PLAN"));
            lines.filter(|line| line.contains("Seq Scan") || line.contains("Full")).collect()
        }
        Dialect::MySql => plan
            .iter()
            .filter(|row| tables.contains(&column(row, "table").as_str()))
            .filter(|row| ["ALL", "index"].contains(&column(row, "type").as_str()))
            .map(|row| format!("{} of {}", column(row, "type"), column(row, "table")))
            .collect(),
    }
}

fn every_statement_of_a_route_finds_its_rows_by_an_index(dialect: Dialect) {
    let database = filled(dialect);
    let explain = match dialect {
        Dialect::Sqlite => "EXPLAIN QUERY PLAN",
        Dialect::Postgres | Dialect::MySql => "EXPLAIN",
    };
    let statements = Statements::new(dialect, &Entities::default());
    let mut explained = 0;
    for (step, batch) in statements.steps() {
        for statement in batch {
            let sql = format!("{explain} {}", statement.sql());
            let parameters = statement.parameters().iter().map(|name| value(name)).collect();
            let plan = block_on(database.batch(&[Statement { sql: &sql, parameters }])).unwrap().remove(0).rows;
            assert!(!plan.is_empty(), "{sql} has no plan");
            let scans = scans(dialect, &plan);
            assert!(scans.is_empty(), "{step}: {sql}: {scans:?}");
            explained += 1;
        }
    }
    assert!(explained > 20, "{explained}");
}
