//! The check of what the component is given: done once an instance, and said again on every request until it is fixed.

use crate::{
    database::{self, Database},
    log,
    remedy::remedy,
    response::{Response, answer},
    tables::MakingTables,
    variables,
};
use auth101_core::{AuthError, Config, ConfigError, Problem};
use auth101_sql::{Dialect, Entities, Statements};
use std::{cell::Cell, fmt, rc::Rc};

/// What is missing or wrong in the configuration of the component.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SetUpError {
    /// The variable of an option cannot be used, or is needed and missing.
    Option(ConfigError),
    /// The provider of variables failed at this one.
    Unreadable {
        /// Its name.
        variable: String,
    },
    /// `auth_database` names no database.
    Choice(ChoiceProblem),
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

/// What is wrong with the text of `auth_database`, which may hold a password and is never repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChoiceProblem {
    /// It names no kind of database.
    Kind,
    /// It is not the address of a server.
    Address,
    /// Its `sslmode` is one that Spin does not know.
    SslMode,
}

impl ChoiceProblem {
    const fn describe(self) -> &'static str {
        match self {
            Self::Kind => "must be \"sqlite\", \"sqlite:LABEL\" or \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\"",
            Self::Address => "is not the address of a PostgreSQL server: postgres://USER:PASSWORD@HOST:PORT/DATABASE",
            Self::SslMode => "has another sslmode than disable, prefer or require, which are all that Spin knows",
        }
    }
}

impl SetUpError {
    /// Logs what is wrong and how to fix it, and gives the answer for the request, which says neither.
    #[must_use]
    pub fn report(&self) -> Response {
        log::not_set_up(self);
        answer(AuthError::Internal)
    }

    /// The name of what is missing or wrong.
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::Option(error) => error.subject(&variables::SPELLING),
            Self::Unreadable { variable } => variable.clone(),
            Self::DatabaseNotGranted { label } | Self::DatabaseUnknown { label } => label.clone(),
            Self::Database { problem, .. } => problem.subject().to_owned(),
            Self::Choice(_) | Self::ServerNotGranted => database::VARIABLE.to_owned(),
        }
    }

    /// What is wrong with it.
    pub(crate) fn problem(&self) -> String {
        match self {
            Self::Option(error) => error.describe(&variables::SPELLING),
            Self::Unreadable { .. } => "could not be read: the provider of variables failed".to_owned(),
            Self::Choice(problem) => problem.describe().to_owned(),
            Self::DatabaseNotGranted { .. } => "is a SQLite database that the component may not use".to_owned(),
            Self::DatabaseUnknown { .. } => "is a SQLite database that this host does not have".to_owned(),
            Self::Database { problem, .. } => problem.cause.describe().to_owned(),
            Self::ServerNotGranted => "names a server that the component may not reach".to_owned(),
        }
    }

    /// The command or the line that fixes it.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::Option(error) => correct(&variables::variable(&error.option)),
            Self::Unreadable { variable } => correct(variable),
            Self::Choice(_) => correct(database::VARIABLE),
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

fn correct(name: &str) -> String {
    format!(
        "SPIN_VARIABLE_{}=… spin up, or correct {name} under [variables] in spin.toml; [component.….variables] hands it \
         on by the line {name} = \"{{{{ {name} }}}}\"",
        name.to_ascii_uppercase()
    )
}

impl fmt::Display for SetUpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}. To fix it: {}", self.subject(), self.problem(), self.remedy())
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
    let config = Config::new(&options).map_err(SetUpError::Option)?;
    let entities = Entities::new(&options.entities).map_err(SetUpError::Option)?;
    let choice = variables::read(database::VARIABLE).await?.unwrap_or_default();
    let database = Database::parse(&choice)?;
    database.check().await?;
    for warning in &config.warnings {
        log::warning(warning);
    }
    let statements = Rc::new(database.statements(&entities));
    let driver = MakingTables::new(database, &entities);
    Ok(Checked { config: Rc::new(config), statements, driver })
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::{Cause, SettingProblem};

    #[test]
    fn every_error_names_the_thing_and_the_remedy() {
        let secret = SetUpError::Option(ConfigError::new("secret", SettingProblem::MissingSecret));
        assert!(secret.to_string().starts_with("auth_secret is required; "));
        assert!(secret.to_string().contains("SPIN_VARIABLE_AUTH_SECRET=… spin up"));
        assert!(secret.to_string().contains("auth_secret = \"{{ auth_secret }}\""));
        let member = SetUpError::Option(ConfigError::new("user", SettingProblem::NotFields).of_member("fields"));
        assert!(member.remedy().contains("SPIN_VARIABLE_AUTH_USER=…"));
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
