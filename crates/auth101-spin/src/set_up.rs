//! The check of what the component is given: done once an instance, and said again on every request until it is mended.

use crate::{
    database::{self, Database},
    log,
    remedy::remedy,
    response::{Response, answer},
    tables::MakingTables,
    variables,
};
use auth101_core::{AuthError, Config, Problem};
use auth101_sql::{Dialect, Entities, Statements};
use std::{cell::Cell, fmt, rc::Rc};

/// What is missing or wrong in the configuration of the component.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SetUpError {
    /// A variable cannot be used, or is needed and missing.
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong and what would be right. Never repeats the value.
        problem: String,
    },
    /// The manifest does not let the component use the SQLite database of this label.
    DatabaseNotGranted {
        /// The label.
        label: String,
    },
    /// The host has no SQLite database of this label.
    DatabaseUnknown {
        /// The label.
        label: String,
    },
    /// The database cannot serve.
    Database {
        /// Its dialect.
        dialect: Dialect,
        /// What keeps it from serving.
        problem: Problem,
    },
    /// The manifest does not let the component reach the PostgreSQL server.
    ServerNotGranted,
}

impl SetUpError {
    /// Logs what is wrong and how to mend it, and gives the answer for the request, which says neither.
    #[must_use]
    pub fn report(&self) -> Response {
        log::not_set_up(self);
        answer(AuthError::Internal)
    }

    /// The name of what is missing or wrong.
    pub(crate) fn subject(&self) -> &str {
        match self {
            Self::Variable { variable, .. } => variable,
            Self::DatabaseNotGranted { label } | Self::DatabaseUnknown { label } => label,
            Self::Database { problem, .. } => problem.subject(),
            Self::ServerNotGranted => database::VARIABLE,
        }
    }

    /// What is wrong with it.
    pub(crate) fn problem(&self) -> String {
        match self {
            Self::Variable { problem, .. } => problem.clone(),
            Self::DatabaseNotGranted { .. } => "is a SQLite database that the component may not use".to_owned(),
            Self::DatabaseUnknown { .. } => "is a SQLite database that this host does not have".to_owned(),
            Self::Database { problem, .. } => problem.cause.describe().to_owned(),
            Self::ServerNotGranted => "names a server that the component may not reach".to_owned(),
        }
    }

    /// The command or the line that mends it.
    pub(crate) fn mend(&self) -> String {
        match self {
            Self::Variable { variable, .. } => {
                let name = variable.split('.').next().unwrap_or(variable);
                format!(
                    "SPIN_VARIABLE_{}=… spin up, or correct {name} under [variables] in spin.toml; [component.….\
                     variables] hands it on by the line {name} = \"{{{{ {name} }}}}\"",
                    name.to_ascii_uppercase()
                )
            }
            Self::DatabaseNotGranted { label } => format!(
                "add sqlite_databases = [\"{label}\"] to the component in spin.toml, or choose another database by {}",
                database::VARIABLE
            ),
            Self::DatabaseUnknown { label } => format!(
                "add [sqlite_database.{label}] to the file of spin up --runtime-config-file, or choose another database \
                 by {}",
                database::VARIABLE
            ),
            Self::Database { dialect, problem } => remedy(problem, *dialect, false),
            Self::ServerNotGranted => {
                "add allowed_outbound_hosts = [\"postgres://HOST:PORT\"] to the component in spin.toml".to_owned()
            }
        }
    }
}

impl fmt::Display for SetUpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}. To mend it: {}", self.subject(), self.problem(), self.mend())
    }
}

impl std::error::Error for SetUpError {}

/// What every request of an instance shares. Nothing in it changes.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) config: Rc<Config>,
    pub(crate) statements: Rc<Statements>,
    pub(crate) driver: MakingTables,
}

thread_local! {
    /// Of this instance. Taken and put back in one step: there is no moment at which a request that fails could leave it
    /// half made. One that was not in order is never kept, so every request reports it anew.
    static KNOWN: Cell<Option<Checked>> = const { Cell::new(None) };
}

/// Checks the variables, unless this instance has done so. Requests that come while the first one does check too.
pub(crate) async fn checked() -> Result<Checked, SetUpError> {
    let checked = match KNOWN.take() {
        Some(known) => known,
        None => check().await?,
    };
    KNOWN.set(Some(checked.clone()));
    Ok(checked)
}

async fn check() -> Result<Checked, SetUpError> {
    let options = variables::options().await?;
    let config = Config::new(&options).map_err(variables::wrong)?;
    let entities = Entities::new(&options.entities).map_err(variables::wrong)?;
    let choice = variables::read(database::VARIABLE).await?.unwrap_or_default();
    let database = Database::parse(&choice)?;
    database.check().await?;
    for warning in &config.warnings {
        log::warning(&warning.renamed(variables::variable));
    }
    let statements = Rc::new(database.statements(&entities));
    let driver = MakingTables::new(database, &entities);
    Ok(Checked { config: Rc::new(config), statements, driver })
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::Cause;

    #[test]
    fn every_error_names_the_thing_and_the_remedy() {
        let secret = SetUpError::Variable { variable: "auth_secret".to_owned(), problem: "is required".to_owned() };
        assert!(secret.to_string().starts_with("auth_secret is required."));
        assert!(secret.to_string().contains("SPIN_VARIABLE_AUTH_SECRET=… spin up"));
        assert!(secret.to_string().contains("auth_secret = \"{{ auth_secret }}\""));
        let member = SetUpError::Variable { variable: "auth_user.fields.emial".to_owned(), problem: String::new() };
        assert!(member.mend().contains("SPIN_VARIABLE_AUTH_USER=…"));
        let database = SetUpError::DatabaseNotGranted { label: "accounts".to_owned() };
        assert!(database.to_string().contains("sqlite_databases = [\"accounts\"]"));
        let unknown = SetUpError::DatabaseUnknown { label: "accounts".to_owned() };
        assert!(unknown.to_string().contains("[sqlite_database.accounts]"));
        let problem = Problem::new(Cause::NotADatabase, "accounts");
        let unusable = SetUpError::Database { dialect: Dialect::Sqlite, problem };
        assert!(unusable.to_string().starts_with("accounts is a file that is not a database"));
        assert!(unusable.to_string().contains("[sqlite_database.accounts]"));
        assert!(SetUpError::ServerNotGranted.to_string().contains("allowed_outbound_hosts"));
    }
}
