//! The driver over SQLite in this process.

use crate::clock;
use auth101_core::Timestamp;
use auth101_sql::{
    Dialect, Entities, Outcome, Row, SqlDriver, SqlError, Statement, Value, classify::classify_sqlite, schema,
};
use rusqlite::{Connection, params_from_iter, types};
use std::{cell::RefCell, fmt, path::Path, rc::Rc, time::Duration};

/// More than there are statements.
const CACHED_STATEMENTS: usize = 64;

/// One connection. A batch never awaits, so dropping its future cannot leave a transaction open. Clones share the
/// connection.
#[derive(Clone)]
pub struct RusqliteDriver(Rc<RefCell<Connection>>);

impl fmt::Debug for RusqliteDriver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RusqliteDriver")
    }
}

impl RusqliteDriver {
    /// An empty database in memory.
    #[must_use]
    pub fn empty() -> Self {
        Self::over(Connection::open_in_memory().expect("SQLite opens a database in memory"))
    }

    /// A database in memory that has the tables, without rows. It may be one that this thread has done with: to make the
    /// tables and prepare the statements takes longer than most of what is done with them.
    #[must_use]
    pub fn migrated() -> Self {
        thread_local! {
            static MADE: RefCell<Vec<RusqliteDriver>> = const { RefCell::new(Vec::new()) };
        }
        let is_spare = |driver: &&Self| Rc::strong_count(&driver.0) == 1;
        if let Some(driver) = MADE.with_borrow(|made| made.iter().find(is_spare).cloned()) {
            driver.execute("DELETE FROM users; DELETE FROM account; DELETE FROM session; DELETE FROM verification");
            return driver;
        }
        let driver = Self::empty();
        driver.create_tables();
        MADE.with_borrow_mut(|made| made.push(driver.clone()));
        driver
    }

    /// The database in a file, which is created if need be.
    ///
    /// # Errors
    /// SQLite cannot open the file.
    pub fn open(path: &Path) -> Result<Self, SqlError> {
        Ok(Self::over(Connection::open(path).map_err(|error| classify(&error))?))
    }

    /// Creates the tables that are missing.
    pub fn create_tables(&self) {
        let connection = self.0.borrow();
        for statement in schema::create_statements(Dialect::Sqlite, &Entities::default()) {
            connection.execute(&statement, ()).expect("the schema is valid");
        }
    }

    /// Runs a script past every rule.
    pub fn execute(&self, script: &str) {
        self.0.borrow().execute_batch(script).expect("the script is valid");
    }

    fn over(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        Self(Rc::new(RefCell::new(connection)))
    }
}

impl SqlDriver for RusqliteDriver {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let started = clock::elapsed();
        let connection = self.0.borrow();
        connection.busy_timeout(limit).map_err(|error| classify(&error))?;
        if !connection.is_autocommit() {
            run(&connection, "ROLLBACK")?;
        }
        run(&connection, "BEGIN IMMEDIATE")?;
        let outcomes = statements.iter().map(|statement| execute(&connection, statement)).collect();
        match outcomes {
            Ok(_) if clock::elapsed() - started >= limit => {
                run(&connection, "ROLLBACK")?;
                Err(SqlError::Unavailable)
            }
            Ok(outcomes) => {
                run(&connection, "COMMIT")?;
                Ok(outcomes)
            }
            Err(error) => {
                run(&connection, "ROLLBACK")?;
                Err(error)
            }
        }
    }

    fn elapsed(&self) -> Duration {
        clock::elapsed()
    }
}

fn run(connection: &Connection, sql: &str) -> Result<(), SqlError> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| classify(&error))?;
    statement.execute(()).map(|_| ()).map_err(|error| classify(&error))
}

fn execute(connection: &Connection, statement: &Statement<'_>) -> Result<Outcome, SqlError> {
    let mut prepared = connection.prepare_cached(statement.sql).map_err(|error| classify(&error))?;
    let parameters = params_from_iter(statement.parameters.iter().map(bound));
    if prepared.column_count() == 0 {
        let affected = prepared.execute(parameters).map_err(|error| classify(&error))?;
        return Ok(Outcome { rows: Vec::new(), affected: affected as u64 });
    }
    let names: Vec<String> = prepared.column_names().map(Into::into).collect();
    let read = |row: &rusqlite::Row<'_>| {
        let value = |(at, name): (usize, &String)| Ok((name.clone(), read(row.get_ref(at)?)));
        names.iter().enumerate().map(value).collect::<Result<_, _>>().map(Row)
    };
    let rows = prepared.query_map(parameters, read).and_then(Iterator::collect).map_err(|error| classify(&error))?;
    Ok(Outcome { rows, affected: 0 })
}

fn bound(value: &Value) -> types::Value {
    match value {
        Value::Text(text) => types::Value::Text(text.clone()),
        Value::Integer(number) => types::Value::Integer(*number),
        Value::Boolean(value) => types::Value::Integer((*value).into()),
        Value::Timestamp(time) => types::Value::Text(Timestamp::to_text(*time)),
        Value::Null => types::Value::Null,
    }
}

fn read(value: types::ValueRef<'_>) -> Value {
    match value {
        types::ValueRef::Null => Value::Null,
        types::ValueRef::Integer(number) => Value::Integer(number),
        #[allow(clippy::cast_possible_truncation, reason = "columns of ours hold whole numbers only")]
        types::ValueRef::Real(number) => Value::Integer(number as i64),
        types::ValueRef::Text(bytes) | types::ValueRef::Blob(bytes) => {
            Value::Text(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

fn classify(error: &rusqlite::Error) -> SqlError {
    classify_sqlite(&error.to_string())
}
