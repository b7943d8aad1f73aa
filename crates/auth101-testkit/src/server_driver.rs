//! A driver over whichever server a test runs on, and ways to misuse it.

use crate::{clock, mysql::MySqlDriver, pool::PATIENCE, postgres::PostgresDriver};
use auth101_sql::{Dialect, Outcome, SqlDriver, SqlError, Statement};
use mysql::prelude::Queryable;
use std::time::Duration;

/// A driver over a pool that several threads may share.
#[derive(Clone)]
pub enum ServerDriver {
    /// PostgreSQL.
    Postgres(PostgresDriver),
    /// MySQL or MariaDB.
    MySql(MySqlDriver),
}

impl ServerDriver {
    /// At most `size` connections to the server of a URL.
    #[must_use]
    pub fn new(url: &str, size: usize) -> Self {
        Self::with_patience(url, size, PATIENCE)
    }

    /// The same, with callers that wait so long for a connection.
    #[must_use]
    pub fn with_patience(url: &str, size: usize, patience: Duration) -> Self {
        if url.starts_with("mysql:") {
            Self::MySql(MySqlDriver::with_patience(url, size, patience))
        } else {
            Self::Postgres(PostgresDriver::with_patience(url, size, patience))
        }
    }

    /// The dialect of its statements.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::MySql(_) => Dialect::MySql,
        }
    }

    /// Runs statements on one connection, past every rule, and gives it back as they leave it: also inside a
    /// transaction.
    ///
    /// # Errors
    /// What the server says of the first statement that it refuses.
    pub fn execute(&self, statements: &[&str]) -> Result<(), String> {
        let run = |one: &mut dyn FnMut(&str) -> Result<(), String>| statements.iter().try_for_each(|sql| one(sql));
        let outcome = match self {
            Self::Postgres(driver) => driver
                .raw(|client| run(&mut |sql| client.batch_execute(sql).map_err(|error| format!("{sql}: {error:?}")))),
            Self::MySql(driver) => driver.raw(|connection| {
                run(&mut |sql| connection.query_drop(sql).map_err(|error| format!("{sql}: {error}")))
            }),
        };
        outcome.map_err(|error| format!("no connection: {error:?}"))?
    }

    /// The first column of every row that a query gives, as text.
    ///
    /// # Panics
    /// The server refuses the query.
    #[must_use]
    pub fn query(&self, sql: &str) -> Vec<String> {
        let rows = match self {
            Self::Postgres(driver) => driver.raw(|client| {
                let messages = client.simple_query(sql).expect("the query is valid");
                messages
                    .iter()
                    .filter_map(|message| match message {
                        postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
                        _ => None,
                    })
                    .collect()
            }),
            Self::MySql(driver) => driver.raw(|connection| {
                let rows: Vec<Option<String>> = connection.query(sql).expect("the query is valid");
                rows.into_iter().map(Option::unwrap_or_default).collect()
            }),
        };
        rows.expect("the server has a connection to give")
    }

    /// The numbers of the connections to this database that wait for a lock another one holds.
    #[must_use]
    pub fn waiting(&self) -> Vec<String> {
        // MariaDB shows a picture that it renews only when nobody has looked for a tenth of a second.
        std::thread::sleep(Duration::from_millis(120));
        self.query(match self {
            Self::Postgres(_) => {
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            }
            Self::MySql(_) => {
                "SELECT CAST(p.ID AS CHAR) FROM information_schema.INNODB_TRX t \
                 INNER JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id \
                 WHERE t.trx_state = 'LOCK WAIT' AND p.DB = DATABASE()"
            }
        })
    }

    /// Holds one connection of the pool while the work goes on.
    ///
    /// # Errors
    /// None could be had.
    pub fn while_busy<T>(&self, work: impl FnOnce() -> T) -> Result<T, SqlError> {
        match self {
            Self::Postgres(driver) => driver.raw(|_| work()),
            Self::MySql(driver) => driver.raw(|_| work()),
        }
    }

    /// Cuts a connection by its number, as a failing network would.
    pub fn cut(&self, number: &str) {
        let sql = match self {
            Self::Postgres(_) => format!("SELECT pg_terminate_backend({number})"),
            Self::MySql(_) => format!("KILL CONNECTION {number}"),
        };
        self.execute(&[&sql]).expect("an operator may cut connections");
    }
}

impl SqlDriver for ServerDriver {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        match self {
            Self::Postgres(driver) => driver.batch_within(statements, limit).await,
            Self::MySql(driver) => driver.batch_within(statements, limit).await,
        }
    }

    fn elapsed(&self) -> Duration {
        clock::elapsed()
    }
}
