//! The choice of the database, and the driver over whichever was chosen.

use crate::{
    deadline::Deadline,
    postgres,
    set_up::{ChoiceProblem, SetUpError},
    sqlite,
};
use auth101_core::Secret;
use auth101_sql::{
    BATCH_LIMIT, Dialect, Entities, Outcome, SqlDriver, SqlError, Statement, Statements, statement::PURGE_PAGE,
};
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

/// The variable that chooses.
pub(crate) const VARIABLE: &str = "auth_database";

/// How long the check may take: a component's own routes wait for it too, which may need no database.
const CHECKED_FOR: Duration = Duration::from_secs(2);

/// The SQLite database that is meant where none is named.
const DEFAULT_LABEL: &str = "default";

/// A database that the component's host gives it.
#[derive(Clone, Debug)]
pub enum Database {
    /// Spin's SQLite: a file, or a libSQL server, as the runtime configuration says.
    Sqlite {
        /// The name that stands under `sqlite_databases` in the manifest.
        label: String,
    },
    /// A PostgreSQL server.
    Postgres {
        /// `postgres://user:password@host:port/database`.
        address: Secret<String>,
    },
}

impl Database {
    /// Reads `sqlite`, `sqlite:LABEL` or `postgres://…`; empty is `sqlite`.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(text: &str) -> Result<Self, SetUpError> {
        let text = text.trim();
        let label = match text.split_once(':') {
            _ if text.is_empty() || text == "sqlite" => Some(DEFAULT_LABEL),
            Some(("sqlite", label)) => Some(label),
            _ => None,
        };
        match label {
            Some(label) if is_label(label) => Ok(Self::Sqlite { label: label.to_owned() }),
            None if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) => {
                Ok(Self::Postgres { address: Secret::new(text.to_owned()) })
            }
            // What was given may hold a password.
            _ => Err(SetUpError::Choice(ChoiceProblem::Kind)),
        }
    }

    /// The dialect of its statements.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres { .. } => Dialect::Postgres,
        }
    }

    /// Its statements. Spin panics over a text of SQLite that is not UTF-8, and the instance is lost with every request that
    /// it serves: such a text is never read as one.
    #[must_use]
    pub fn statements(&self, entities: &Entities) -> Statements {
        match self {
            Self::Sqlite { .. } => Statements::reading_texts_as_bytes(entities, PURGE_PAGE),
            Self::Postgres { .. } => Statements::new(Dialect::Postgres, entities),
        }
    }

    /// Asks the host whether the component may use it. That nobody answers there is no mistake of the configuration: it may
    /// be back for the next request, and a batch tells of mistakes too.
    pub(crate) async fn check(&self) -> Result<(), SetUpError> {
        let check = async {
            match self {
                Self::Sqlite { label } => sqlite::check(label).await,
                Self::Postgres { address } => postgres::check(address.expose()).await,
            }
        };
        Deadline::after(CHECKED_FOR).before(check).await.unwrap_or(Ok(()))
    }
}

impl SqlDriver for Database {
    /// The host waits for a connection or an answer without end. A batch that is given up here is rolled back, unless its
    /// COMMIT is on the way: each may be run twice.
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let limit = limit.min(BATCH_LIMIT);
        let end = Instant::now() + limit;
        let batch = async {
            match self {
                Self::Sqlite { label } => sqlite::batch(label, statements, end).await,
                Self::Postgres { address } => postgres::batch(address.expose(), statements, end).await,
            }
        };
        Deadline::after(limit).before(batch).await.unwrap_or(Err(SqlError::Unavailable))
    }

    fn elapsed(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// Whether a statement gives rows. The store's do nothing else then, and those that write give none.
pub(crate) fn reads(sql: &str) -> bool {
    sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
}

/// Whether a statement touches rows, so that there is a number of them to ask for.
pub(crate) fn writes(sql: &str) -> bool {
    let word = sql.trim_start().get(..6).unwrap_or_default();
    ["INSERT", "UPDATE", "DELETE"].iter().any(|one| word.eq_ignore_ascii_case(one))
}

/// Spin's rule for names in a manifest, as far as a message needs it: nothing that would have to be escaped.
fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_chosen_by_its_kind() {
        for (text, expected) in [("", "default"), ("sqlite", "default"), ("sqlite:accounts-2", "accounts-2")] {
            assert!(matches!(Database::parse(text), Ok(Database::Sqlite { label }) if label == expected), "{text}");
        }
        for text in ["postgres://u:p@h:5432/d", "postgresql://h/d?sslmode=disable"] {
            let database = Database::parse(text);
            assert!(matches!(database, Ok(Database::Postgres { address }) if address.expose() == text), "{text}");
        }
    }

    #[test]
    fn another_kind_is_refused_and_not_repeated() {
        for text in ["mysql://u:marker@h/d", "marker", "sqlite:", "sqlite:a b", "sqlite://marker", "host=marker"] {
            let error = Database::parse(text).unwrap_err();
            assert_eq!(error.subject(), "auth_database", "{text}");
            assert!(!format!("{error} {error:?}").contains("marker"), "{text}");
        }
        let database = Database::parse("postgres://u:marker@h/d").unwrap();
        assert!(!format!("{database:?}").contains("marker"));
    }

    #[test]
    fn statements_that_read_are_told_from_those_that_write() {
        assert!(reads("SELECT 1") && reads("  select 1") && reads("\nSELECT\n1"));
        assert!(!reads("DELETE FROM t") && !reads("") && !reads("é") && !reads("COMMIT"));
        assert!(writes("DELETE FROM t") && writes("insert into t") && writes("\n UPDATE t"));
        assert!(!writes("SELECT 1") && !writes("CREATE TABLE t") && !writes("COMMIT") && !writes(""));
    }
}
