//! What every driver must do, as plain functions over a driver and its dialect. Each makes a table of its own, so a
//! suite may run beside others on one server.

use crate::sql_tables::{Kind, column_type, placeholder, time_as_text};
use auth101_core::{Cause, Timestamp};
use auth101_sql::{Dialect, Outcome, Row, SqlDriver, SqlError, Statement, Value};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

/// A table of one test, and the statements over it.
struct Scratch<'a, D> {
    driver: &'a D,
    dialect: Dialect,
    table: &'static str,
    kinds: Vec<(&'static str, Kind)>,
}

impl<'a, D: SqlDriver> Scratch<'a, D> {
    /// An empty table with a primary key `id` and these columns.
    async fn new(driver: &'a D, dialect: Dialect, table: &'static str, columns: &[(&'static str, Kind)]) -> Self {
        let mut kinds = vec![("id", Kind::Integer)];
        kinds.extend_from_slice(columns);
        let declared: Vec<String> =
            columns.iter().map(|(name, kind)| format!(", {name} {}", column_type(dialect, *kind))).collect();
        let drop = format!("DROP TABLE IF EXISTS {table}");
        let create = format!("CREATE TABLE {table} (id INTEGER NOT NULL PRIMARY KEY{})", declared.concat());
        let scratch = Self { driver, dialect, table, kinds };
        scratch.run(&drop, []).await;
        scratch.run(&create, []).await;
        scratch
    }

    async fn run<const N: usize>(&self, sql: &str, parameters: [Value; N]) -> Outcome {
        let outcomes = self.driver.batch(&[Statement { sql, parameters: parameters.into() }]).await;
        let [outcome] =
            <[Outcome; 1]>::try_from(outcomes.expect("the statement is valid")).expect("one statement has one outcome");
        outcome
    }

    /// `INSERT` of a full row.
    fn insert_sql(&self) -> String {
        let names: Vec<&str> = self.kinds.iter().map(|(name, _)| *name).collect();
        let placeholders: Vec<String> =
            self.kinds.iter().enumerate().map(|(at, (_, kind))| placeholder(self.dialect, at + 1, *kind)).collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.table, names.join(", "), placeholders.join(", "))
    }

    async fn insert<const N: usize>(&self, values: [Value; N]) {
        assert_eq!(self.run(&self.insert_sql(), values).await.affected, 1);
    }

    /// A column of all rows, in the order of their keys.
    async fn column(&self, name: &str) -> Vec<Value> {
        let rows = self.run(&format!("SELECT {name} AS found FROM {} ORDER BY id", self.table), []).await.rows;
        rows.iter().map(|row| row.get("found").expect("the column has its alias").clone()).collect()
    }

    async fn ids(&self) -> Vec<i64> {
        self.column("id").await.iter().map(number).collect()
    }
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Integer(number) => *number,
        other => panic!("{other:?} is no integer"),
    }
}

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        other => panic!("{other:?} is no text"),
    }
}

fn int(number: i64) -> Value {
    Value::Integer(number)
}

/// Atomicity: the second statement fails, and nothing of the first remains.
pub async fn a_failing_statement_undoes_the_ones_before_it(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_atomic", &[]).await;
    let insert = scratch.insert_sql();
    let row = |id| Statement { sql: &insert, parameters: vec![int(id)] };
    let outcome = driver.batch(&[row(1), row(2), row(2), row(3)]).await;
    assert!(matches!(outcome, Err(SqlError::UniqueViolation(_))), "{outcome:?}");
    assert_eq!(scratch.ids().await, [0; 0], "nothing of the batch remains");
    assert_eq!(driver.batch(&[row(1), row(2)]).await.map(|outcomes| outcomes.len()), Ok(2));
    assert_eq!(scratch.ids().await, [1, 2], "and the connection works on");
}

/// More than any driver has awaits in a batch of two statements.
const AWAITS: i64 = 32;

/// A future dropped at any of its awaits leaves the whole batch or none of it, and a connection that works.
pub async fn an_abandoned_batch_is_whole_or_nothing(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_abandoned", &[]).await;
    let insert = scratch.insert_sql();
    let row = |id| Statement { sql: &insert, parameters: vec![int(id)] };
    let pair = |polls| (polls * 2, polls * 2 + 1);
    let mut has_ended = false;
    for polls in 0..AWAITS {
        let (first, second) = pair(polls);
        has_ended = ends_within(polls, driver.batch(&[row(first), row(second)])).await;
        // The next batch on the same connection must not commit what was abandoned.
        let marker = 1_000 + polls;
        driver.batch(&[row(marker)]).await.expect("the connection works on");
        let ids = scratch.ids().await;
        assert!(ids.contains(&marker), "what is written after {polls} polls stays");
        assert_eq!(ids.contains(&first), ids.contains(&second), "half of a batch after {polls} polls");
    }
    assert!(has_ended, "a batch has so many awaits that it was never dropped at the last ones");
    // Nor may any batch since have committed it.
    let ids = scratch.ids().await;
    for (first, second) in (0..AWAITS).map(pair) {
        assert_eq!(ids.contains(&first), ids.contains(&second), "half of a batch, in the end");
    }
}

/// Polls so often at most, each time when something has happened that the future waits for, and then drops it; whether it
/// ended by itself. Between two polls the executor has its turn: what a host does for a component goes on only then.
async fn ends_within<T>(polls: i64, future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left > 0 && future.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        left -= 1;
        if left > 0 { Poll::Pending } else { Poll::Ready(false) }
    })
    .await
}

/// Three batches that read what they write after, polled by turns: each that commits has seen what the one before it
/// wrote, and one that has not is refused.
pub async fn racing_batches_overwrite_nothing_of_each_other(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_racing", &[]).await;
    let append = "INSERT INTO suite_racing (id) SELECT COALESCE(MAX(id), 0) + 1 FROM suite_racing";
    let read = "SELECT MAX(id) AS newest FROM suite_racing";
    let attempt = async || loop {
        let statement = |sql| Statement { sql, parameters: Vec::new() };
        match driver.batch(&[statement(append), statement(read)]).await {
            // Where a statement sees what others committed by its start, two may choose one key; the second is refused.
            Err(SqlError::Conflict | SqlError::UniqueViolation(_)) => {}
            Err(error) => panic!("{error:?}"),
            Ok(outcomes) => return number(outcomes[1].rows[0].get("newest").expect("the column has its alias")),
        }
    };
    let mut seen = by_turns([attempt(), attempt(), attempt()]).await;
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3]);
    assert_eq!(scratch.ids().await, [1, 2, 3]);
}

/// Polls the futures round and round until all are done.
async fn by_turns<T, const N: usize>(futures: [impl Future<Output = T>; N]) -> Vec<T> {
    let mut running: Vec<Option<Pin<Box<_>>>> = futures.into_iter().map(|future| Some(Box::pin(future))).collect();
    let mut done = Vec::new();
    poll_fn(|context| {
        for slot in &mut running {
            if let Some(Poll::Ready(output)) = slot.as_mut().map(|future| future.as_mut().poll(context)) {
                done.push(output);
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done
}

/// `ORDER BY` is kept, and columns have the names that the statement gave them.
pub async fn rows_come_in_order_under_their_names(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_order", &[("label", Kind::Text)]).await;
    for (id, label) in [(3, "c"), (1, "a"), (2, "b")] {
        scratch.insert([int(id), Value::Text(label.into())]).await;
    }
    let sql = "SELECT label AS session_token, id AS user_id FROM suite_order ORDER BY label DESC";
    let expected = [("c", 3), ("b", 2), ("a", 1)]
        .map(|(label, id)| Row(vec![("session_token".into(), Value::Text(label.into())), ("user_id".into(), int(id))]));
    assert_eq!(scratch.run(sql, []).await.rows, expected);
}

/// NULL is not the empty text, either way.
pub async fn null_and_empty_text_differ(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_null", &[("label", Kind::Text)]).await;
    scratch.insert([int(1), Value::Null]).await;
    scratch.insert([int(2), Value::Text(String::new())]).await;
    assert_eq!(scratch.column("label").await, [Value::Null, Value::Text(String::new())]);
    let nulls = scratch.run("SELECT id FROM suite_null WHERE label IS NULL", []).await.rows;
    assert_eq!(nulls, [Row(vec![("id".into(), int(1))])]);
}

/// Characters of four bytes, combining marks, quotes.
pub async fn text_survives_as_it_is(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_text", &[("label", Kind::Text)]).await;
    let texts =
        ["🦀", "e\u{301} is not é", "日本語", "\u{200f}שלום", "'\"`\\", "a\tb\r\nc", "\u{10ffff}", "0012", "1e3"];
    for (id, label) in (0..).zip(texts) {
        scratch.insert([int(id), Value::Text(label.into())]).await;
    }
    assert_eq!(scratch.column("label").await.iter().map(text).collect::<Vec<_>>(), texts);
}

/// NUL is a character like any other where the database has it at all. Some clients of SQLite read up to it only.
pub async fn text_goes_on_after_a_nul(driver: &impl SqlDriver, dialect: &Dialect) {
    let with_nul = match dialect {
        Dialect::Sqlite | Dialect::MySql => "a\0b",
        // PostgreSQL has no NUL in its texts.
        Dialect::Postgres => return,
    };
    let scratch = Scratch::new(driver, *dialect, "suite_nul", &[("label", Kind::Text)]).await;
    scratch.insert([int(0), Value::Text(with_nul.into())]).await;
    assert_eq!(scratch.column("label").await.iter().map(text).collect::<Vec<_>>(), [with_nul]);
}

/// True and false come back as booleans or as 1 and 0, and compare as booleans.
pub async fn booleans_survive(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_boolean", &[("flag", Kind::Boolean)]).await;
    scratch.insert([int(1), Value::Boolean(true)]).await;
    scratch.insert([int(2), Value::Boolean(false)]).await;
    let truth = |value: &Value| match value {
        Value::Boolean(value) => *value,
        other => number(other) == 1,
    };
    assert_eq!(scratch.column("flag").await.iter().map(truth).collect::<Vec<_>>(), [true, false]);
    let set = scratch.run("SELECT id FROM suite_boolean WHERE flag", []).await.rows;
    assert_eq!(set.iter().map(|row| number(&row.0[0].1)).collect::<Vec<_>>(), [1]);
}

/// Times are bound and read back exactly where the column has room for it, and compare in the order of time.
pub async fn times_survive_to_the_microsecond(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_time", &[("at", Kind::Time)]).await;
    let times = [0, 1, 999_999, 1_767_225_600_000_000, 1_767_225_600_000_001, 253_402_300_799_000_000]
        .map(Timestamp::from_micros);
    for (id, time) in (0..).zip(times) {
        scratch.insert([int(id), Value::Timestamp(time)]).await;
    }
    let read = scratch.column(&time_as_text(*dialect, "at")).await;
    let read: Vec<Option<Timestamp>> = read.iter().map(|value| Timestamp::parse(text(value))).collect();
    assert_eq!(read, times.map(Some));
    let bound = placeholder(*dialect, 1, Kind::Time);
    for (at, time) in times.into_iter().enumerate() {
        let sql = format!("SELECT COUNT(*) AS earlier FROM suite_time WHERE at < {bound}");
        let earlier = scratch.run(&sql, [Value::Timestamp(time)]).await.rows;
        assert_eq!(number(&earlier[0].0[0].1), i64::try_from(at).unwrap_or(-1), "{time:?}");
    }
}

/// Integers up to 2^53, which is as far as hosts go that know doubles only.
pub async fn integers_survive_as_far_as_doubles_go(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_integer", &[("amount", Kind::Integer)]).await;
    let numbers = [0, 1, -1, 2_147_483_648, -2_147_483_649, 9_007_199_254_740_991, -9_007_199_254_740_991];
    for (id, amount) in (0..).zip(numbers) {
        scratch.insert([int(id), int(amount)]).await;
    }
    assert_eq!(scratch.column("amount").await.iter().map(number).collect::<Vec<_>>(), numbers);
}

/// Each statement has its own count; rows that were only looked at do not count.
pub async fn writes_count_the_rows_they_touch(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_count", &[("label", Kind::Text)]).await;
    for id in 1..=3 {
        scratch.insert([int(id), Value::Text("old".into())]).await;
    }
    let statement = |sql| Statement { sql, parameters: Vec::new() };
    let outcomes = driver
        .batch(&[
            statement("DELETE FROM suite_count WHERE id > 9"),
            statement("UPDATE suite_count SET label = 'new' WHERE id >= 2"),
            statement("DELETE FROM suite_count WHERE label = 'old'"),
            statement("SELECT id FROM suite_count ORDER BY id"),
            statement("DELETE FROM suite_count"),
        ])
        .await
        .expect("the statements are valid");
    let affected: Vec<u64> = [0, 1, 2, 4].iter().map(|at| outcomes[*at].affected).collect();
    assert_eq!(affected, [0, 2, 1, 2]);
    assert_eq!(outcomes[3].rows.len(), 2, "a SELECT sees the writes before it and not those after it");
}

/// The error names the index or the column, and no value.
pub async fn a_unique_violation_names_its_index(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_unique", &[("label", Kind::Text)]).await;
    scratch.run("CREATE UNIQUE INDEX ix_suite_unique_label ON suite_unique (label)", []).await;
    scratch.insert([int(1), Value::Text("marker".into())]).await;
    let insert = scratch.insert_sql();
    let again = Statement { sql: &insert, parameters: vec![int(2), Value::Text("marker".into())] };
    let Err(SqlError::UniqueViolation(index)) = driver.batch(&[again]).await else {
        panic!("the second row is no unique violation");
    };
    assert!(index.contains("label") && !index.contains("marker"), "{index}");
    let same_key = Statement { sql: &insert, parameters: vec![int(1), Value::Text("other".into())] };
    assert!(matches!(driver.batch(&[same_key]).await, Err(SqlError::UniqueViolation(_))), "the primary key too");
}

/// An operator is told which of the two is missing, by name.
pub async fn a_missing_table_and_a_missing_column_are_told_apart(driver: &impl SqlDriver, dialect: &Dialect) {
    let _scratch = Scratch::new(driver, *dialect, "suite_missing", &[]).await;
    let outcome = async |sql| driver.batch(&[Statement { sql, parameters: Vec::new() }]).await.map(|_| ());
    let names = |name: &str, wanted: &str| name.rsplit('.').next() == Some(wanted);
    for sql in ["SELECT id FROM suite_nowhere", "DELETE FROM suite_nowhere"] {
        let error = outcome(sql).await;
        assert!(
            matches!(&error, Err(SqlError::NotSetUp(problem)) if problem.cause == Cause::MissingTable && names(&problem.subject, "suite_nowhere")),
            "{error:?}"
        );
    }
    for sql in [
        "SELECT suite_missing.absent FROM suite_missing",
        "UPDATE suite_missing SET absent = 1",
        "INSERT INTO suite_missing (id, absent) VALUES (1, 2)",
    ] {
        let error = outcome(sql).await;
        assert!(
            matches!(&error, Err(SqlError::NotSetUp(problem)) if problem.cause == Cause::MissingColumn && names(&problem.subject, "absent")),
            "{error:?}"
        );
    }
    assert_eq!(outcome("SELEC 1").await, Err(SqlError::Rejected));
}

/// The most that D1 takes.
pub async fn a_statement_takes_a_hundred_parameters(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_hundred", &[]).await;
    let row = |at: i64| format!("({})", placeholder(*dialect, usize::try_from(at).unwrap_or(0), Kind::Integer));
    let sql = format!("INSERT INTO suite_hundred (id) VALUES {}", (1..=100).map(row).collect::<Vec<_>>().join(", "));
    let values: [Value; 100] = std::array::from_fn(|at| int(i64::try_from(at).unwrap_or(0)));
    assert_eq!(scratch.run(&sql, values).await.affected, 100);
    assert_eq!(scratch.ids().await, (0..100).collect::<Vec<i64>>());
}

/// Quotes, placeholders and statements inside values stay values.
pub async fn values_are_never_read_as_sql(driver: &impl SqlDriver, dialect: &Dialect) {
    let scratch = Scratch::new(driver, *dialect, "suite_values", &[("label", Kind::Text)]).await;
    let hostile = ["'; DROP TABLE suite_values; --", "\" OR 1=1 --", "?", "$1", ":id", "%s", "\\'", "a' || 'b"];
    for (id, label) in (0..).zip(hostile) {
        scratch.insert([int(id), Value::Text(label.into())]).await;
    }
    assert_eq!(scratch.column("label").await.iter().map(text).collect::<Vec<_>>(), hostile);
    let bound = placeholder(*dialect, 1, Kind::Text);
    for label in hostile {
        let sql = format!("SELECT id FROM suite_values WHERE label = {bound}");
        assert_eq!(scratch.run(&sql, [Value::Text(label.into())]).await.rows.len(), 1, "{label}");
    }
}

/// No statements, no outcomes, no error.
pub async fn an_empty_batch_does_nothing(driver: &impl SqlDriver, _: &Dialect) {
    assert_eq!(driver.batch(&[]).await, Ok(Vec::new()));
}
