//! The tables, made where they are first missed.

use crate::{database::Database, deadline::Budget};
use auth101_core::{Cause, Problem};
use auth101_sql::{
    BATCH_LIMIT, Dialect, Entities,
    compare::missing_tables,
    driver::{Outcome, SqlDriver, SqlError, Statement, Value},
    entity::Ownership,
};
use std::{rc::Rc, time::Duration};

/// Any number will do, as long as every component takes the same: "auth101" in ASCII.
const LOCK: i64 = 0x0061_7574_6831_3031;

/// A driver that makes the tables of ours when a statement does not find one, and then runs the batch again. Costs
/// nothing while they are there.
#[derive(Clone, Debug)]
pub(crate) struct MakingTables {
    inner: Rc<Inner>,
    /// Of the request.
    budget: Budget,
}

#[derive(Debug)]
struct Inner {
    database: Database,
    /// Those that are ours to make. What the host customised or brought is the host's.
    ours: Vec<String>,
    hosts: Vec<String>,
    entities: Entities,
}

impl MakingTables {
    pub(crate) fn new(database: Database, entities: &Entities) -> Self {
        let (ours, hosts): (Vec<_>, Vec<_>) =
            entities.iter().partition(|entity| entity.ownership == Ownership::Managed);
        let [ours, hosts] = [ours, hosts].map(|entities| entities.iter().map(|entity| entity.name.clone()).collect());
        let inner = Rc::new(Inner { database, ours, hosts, entities: entities.clone() });
        Self { inner, budget: Budget::of(BATCH_LIMIT) }
    }

    /// The same for another request, whose batches may take so much time in all.
    pub(crate) fn within(&self, time: Duration) -> Self {
        Self { inner: Rc::clone(&self.inner), budget: Budget::of(time) }
    }

    fn bounded(&self) -> Bounded<'_> {
        Bounded { database: &self.inner.database, budget: &self.budget }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.inner.database
    }

    /// Whether it would make a table of that name.
    pub(crate) fn makes(&self, table: &str) -> bool {
        self.inner.ours.iter().any(|ours| ours == table)
    }

    /// Whether making the tables may help. A server that does not speak English tells that a table is missing, and its
    /// name in words that are not understood: then it may be one of ours. On PostgreSQL a column may be missing because
    /// the statements found a table of another application, further down the search path than ours will be.
    fn may_help(&self, problem: &Problem) -> bool {
        let missing = &problem.subject;
        match problem.cause {
            Cause::MissingTable => {
                self.makes(missing)
                    || !(self.inner.ours.is_empty() || self.inner.hosts.iter().any(|hosts| hosts == missing))
            }
            Cause::MissingColumn => self.inner.database.dialect() == Dialect::Postgres,
            _ => false,
        }
    }

    /// Makes the tables of ours that the statements do not find, in one transaction; false where there is none to make.
    /// Requests that miss them at the same moment wait for each other: SQLite lets one writer in at a time, and
    /// PostgreSQL, where two `CREATE TABLE IF NOT EXISTS` of one table can collide, is asked for a lock.
    async fn make(&self) -> Result<bool, SqlError> {
        let dialect = self.inner.database.dialect();
        let statements = missing_tables(&self.bounded(), dialect, &self.inner.entities).await?;
        let lock = match dialect {
            Dialect::Postgres => {
                let sql = "SELECT CAST(pg_advisory_xact_lock(CAST($1 AS BIGINT)) AS TEXT)";
                Some(Statement { sql, parameters: vec![Value::Integer(LOCK)] })
            }
            Dialect::Sqlite | Dialect::MySql => None,
        };
        let create = statements.iter().map(|sql| Statement { sql, parameters: Vec::new() });
        let batch: Vec<Statement<'_>> = lock.into_iter().chain(create).collect();
        if !statements.is_empty() {
            self.bounded().batch(&batch).await?;
        }
        Ok(!statements.is_empty())
    }
}

/// The database within the time of a request.
struct Bounded<'a> {
    database: &'a Database,
    budget: &'a Budget,
}

impl SqlDriver for Bounded<'_> {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let part = self.budget.part(limit).ok_or(SqlError::Unavailable)?;
        let started = self.elapsed();
        let outcomes = self.database.batch_within(statements, part).await;
        self.budget.spend(self.elapsed().saturating_sub(started));
        outcomes
    }

    fn elapsed(&self) -> Duration {
        self.database.elapsed()
    }
}

impl SqlDriver for MakingTables {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let started = self.elapsed();
        match self.bounded().batch_within(statements, limit).await {
            Err(SqlError::NotSetUp(problem)) if self.may_help(&problem) => match self.make().await {
                // Another request may have made them meanwhile.
                Ok(made) if made || problem.cause == Cause::MissingTable => {
                    let remaining = limit.saturating_sub(self.elapsed().saturating_sub(started));
                    self.bounded().batch_within(statements, remaining).await
                }
                Err(error @ (SqlError::Conflict | SqlError::Unavailable)) => Err(error),
                // It may not: then the log names the table and says who makes it.
                Ok(_) | Err(_) => Err(SqlError::NotSetUp(problem)),
            },
            outcome => outcome,
        }
    }

    fn elapsed(&self) -> Duration {
        self.inner.database.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::config::EntityOptions;
    use auth101_sql::classify::classify_postgres;
    use serde_json::json;

    #[test]
    fn a_table_that_is_the_hosts_is_not_made() {
        let session = json!({ "model_name": "logins" }).as_object().cloned();
        let user = json!({ "model_name": "members" }).as_object().cloned();
        let options = EntityOptions { session, user, ..EntityOptions::default() };
        let tables = MakingTables::new(Database::parse("sqlite").unwrap(), &Entities::new(&options).unwrap());
        assert!(tables.makes("members") && tables.makes("account"));
        assert!(!tables.makes("logins") && !tables.makes("session") && !tables.makes("users"));
        let missing = |table: &str| Problem::new(Cause::MissingTable, table);
        assert!(tables.may_help(&missing("members")) && !tables.may_help(&missing("logins")));
        assert!(!tables.may_help(&Problem::new(Cause::MissingColumn, "mail")), "SQLite has one schema");
    }

    #[test]
    fn tables_are_made_where_the_server_speaks_another_language() {
        let session = json!({ "model_name": "logins" }).as_object().cloned();
        let options = EntityOptions { session, ..EntityOptions::default() };
        let tables = MakingTables::new(Database::parse("postgres://h/d").unwrap(), &Entities::new(&options).unwrap());
        for message in [
            "Relation »users« existiert nicht",
            "la relation « users » n\'existe pas",
            "リレーション\"users\"は存在しません",
        ] {
            let SqlError::NotSetUp(problem) = classify_postgres("42P01", message, None) else { panic!("{message}") };
            assert!(tables.may_help(&problem), "{message}: {problem:?}");
        }
    }
}
