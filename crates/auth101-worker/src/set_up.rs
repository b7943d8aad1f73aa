//! The check of what the Worker is given: done once an isolate, and said again on every request until it is fixed.

use crate::{env, log, response};
use auth101_core::{AuthError, Config, ConfigError, Options, SettingProblem};
use auth101_sql::{Dialect, Entities, Statements};
use std::{cell::Cell, fmt, rc::Rc};
use wasm_bindgen::JsValue;
use worker::{Env, Response};

/// The most memory that one hash may take, in KiB, of the 128 MB that an isolate has for everything.
const MAX_HASH_MEMORY: u32 = 98_304;

/// What is missing or wrong in the configuration of the Worker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SetUpError {
    /// No D1 database is bound under this name.
    Database {
        /// The binding.
        binding: String,
    },
    /// The variable of an option cannot be used, or is needed and missing.
    Option(ConfigError),
    /// A variable is called like an option, but there is none of that name.
    UnknownVariable {
        /// Its name.
        variable: String,
    },
}

impl SetUpError {
    /// Logs what is wrong and how to fix it, and gives the answer for the request, which says neither.
    #[must_use]
    pub fn report(&self) -> Response {
        log::not_set_up(self);
        response::answer(AuthError::Internal)
    }

    /// The name of what is missing or wrong.
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::Database { binding } => binding.clone(),
            Self::Option(error) => error.subject(&env::SPELLING),
            Self::UnknownVariable { variable } => variable.clone(),
        }
    }

    /// What is wrong with it.
    pub(crate) fn problem(&self) -> String {
        match self {
            Self::Database { .. } => "is not bound to a D1 database".to_owned(),
            Self::Option(error) => error.describe(&env::SPELLING),
            Self::UnknownVariable { .. } => SettingProblem::UnknownOption.describe(&env::SPELLING),
        }
    }

    /// The command or the line that fixes it.
    pub(crate) fn remedy(&self) -> String {
        let subject = self.subject();
        match self {
            Self::Database { .. } => {
                format!(
                    "add [[d1_databases]] with binding = \"{subject}\" to wrangler.toml; `npx wrangler d1 create \
                     auth101` makes a database and prints the lines"
                )
            }
            Self::Option(error) if matches!(error.option.as_str(), "secret" | "previous_secrets") => {
                format!("npx wrangler secret put {subject} (locally: a line {subject}=\"…\" in .dev.vars)")
            }
            Self::Option(_) => format!("correct {subject} under [vars] in wrangler.toml, or in .dev.vars"),
            Self::UnknownVariable { .. } => {
                format!(
                    "rename or remove {subject} in wrangler.toml or .dev.vars; if it is a secret, npx wrangler \
                     secret delete {subject}"
                )
            }
        }
    }
}

impl fmt::Display for SetUpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}. To fix it: {}", self.subject(), self.problem(), self.remedy())
    }
}

impl std::error::Error for SetUpError {}

/// So that a Worker can use `?`: its `#[event(fetch)]` then logs the error and answers 500.
impl From<SetUpError> for worker::Error {
    fn from(error: SetUpError) -> Self {
        Self::RustError(error.to_string())
    }
}

/// What every request of an isolate shares. Nothing in it changes.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) config: Rc<Config>,
    pub(crate) statements: Rc<Statements>,
}

/// An environment that was in order. Compared by identity: an isolate has one, for good.
struct Known {
    env: Env,
    binding: String,
    checked: Checked,
}

thread_local! {
    /// The last one. Taken and put back in one step: there is no moment at which a request that fails could leave it
    /// half made. One that was not in order is never kept, so every request reports it anew.
    static LAST: Cell<Option<Known>> = const { Cell::new(None) };
}

/// Checks the variables, unless this very environment was checked before.
pub(crate) fn checked(env: &Env, binding: &str) -> Result<Checked, SetUpError> {
    let known = match LAST.take().filter(|known| is_same(&known.env, env) && known.binding == binding) {
        Some(known) => known,
        None => Known { env: env.clone(), binding: binding.to_owned(), checked: check(env, binding)? },
    };
    let checked = known.checked.clone();
    LAST.set(Some(known));
    Ok(checked)
}

fn is_same(one: &Env, other: &Env) -> bool {
    let (one, other): (&JsValue, &JsValue) = (one.as_ref(), other.as_ref());
    one == other
}

fn check(env: &Env, binding: &str) -> Result<Checked, SetUpError> {
    let options = env::options(env, binding)?;
    check_memory(&options)?;
    let config = Config::new(&options).map_err(SetUpError::Option)?;
    for warning in &config.warnings {
        log::warning(warning);
    }
    let entities = Entities::new(&options.entities).map_err(SetUpError::Option)?;
    Ok(Checked { config: Rc::new(config), statements: Rc::new(Statements::new(Dialect::Sqlite, &entities)) })
}

/// Hashes must leave room in the isolate: one that does not fit would end it with every request in flight.
fn check_memory(options: &Options) -> Result<(), SetUpError> {
    let wanted = [("argon2_memory", options.argon2.memory), ("max_argon2_memory", options.hash_bounds.argon2.memory)];
    match wanted.iter().find(|(_, memory)| *memory > MAX_HASH_MEMORY) {
        Some((option, memory)) => {
            let problem = SettingProblem::DoesNotFit { memory: *memory, most: MAX_HASH_MEMORY, place: "a Worker" };
            Err(SetUpError::Option(ConfigError::new(*option, problem)))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_does_not_fit_the_isolate_is_refused_by_name() {
        let mut options = Options::default();
        assert!(check_memory(&options).is_ok());
        options.hash_bounds.argon2.memory = MAX_HASH_MEMORY + 1;
        let error = check_memory(&options).unwrap_err();
        assert_eq!(error.subject(), "AUTH_MAX_ARGON2_MEMORY");
        assert_eq!(error.problem(), "is 98305 KiB; at most 98304 fit into the memory of a Worker");
    }

    #[test]
    fn every_error_names_the_thing_and_the_remedy() {
        let database = SetUpError::Database { binding: "DB".to_owned() };
        assert!(database.to_string().contains("binding = \"DB\""));
        let secret = SetUpError::Option(ConfigError::new("secret", SettingProblem::MissingSecret));
        assert!(secret.to_string().contains("AUTH_SECRET is required; "));
        assert!(secret.to_string().contains("npx wrangler secret put AUTH_SECRET"));
        let unknown = SetUpError::UnknownVariable { variable: "AUTH_TTL".to_owned() };
        assert!(unknown.to_string().contains("AUTH_TTL is not an option"));
        assert!(unknown.to_string().contains("AUTH_ACCESS_TOKEN_EXPIRES_IN"));
    }
}
