//! auth101 in a Cloudflare Worker, on D1.
//!
//! [`Endpoint`] serves the six routes and tells a Worker's own routes who is asking:
//!
//! ```no_run
//! use auth101_worker::{AuthError, Endpoint};
//! use worker::{Context, Env, Request, Response, event};
//!
//! #[event(fetch)]
//! async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
//!     let auth = Endpoint::from_env(&env)?;
//!     if auth.covers(&request.path()) {
//!         return Ok(auth.handle(request).await);
//!     }
//!     match auth.current_user(&request).await {
//!         Ok(Some(user)) => Response::ok(format!("Hello, {}", user.email)),
//!         Ok(None) => Ok(auth101_worker::answer(AuthError::Unauthorized)),
//!         Err(error) => Ok(auth101_worker::answer(error)),
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! The configuration comes from variables (`AUTH_SECRET`, `AUTH_ACCESS_TOKEN_EXPIRES_IN`, …) and the database from
//! the binding `DB`. `wrangler.toml` in the root of the repository lists them all.

#![forbid(unsafe_code)]

mod d1;
mod env;
mod log;
mod platform;
mod request;
mod response;
mod set_up;

pub use auth101_core::{AuthError, ConfigError, SettingProblem, domain::user::User, port::Blocklist};
pub use response::answer;
pub use set_up::SetUpError;

use auth101_core::{Auth101, Config, Ports, hasher::InPlaceHasher};
use auth101_sql::SqlStore;
use d1::D1;
use log::Console;
use platform::{Crypto, DateNow};
use std::rc::Rc;
use worker::{Env, Request, Response};

/// The binding that [`Endpoint::from_env`] takes the database from.
const DATABASE_BINDING: &str = "DB";

/// The routes, ready to serve one request. Making one costs next to nothing once an isolate has served its first.
#[derive(Debug)]
pub struct Endpoint {
    config: Rc<Config>,
    store: SqlStore<D1>,
    ports: Ports,
}

impl Endpoint {
    /// Reads the configuration from the variables whose names begin with `AUTH_`, and takes the database from the
    /// binding `DB`.
    ///
    /// # Errors
    /// A variable or the binding is missing or wrong. [`SetUpError::report`] logs what to do and answers the request.
    pub fn from_env(env: &Env) -> Result<Self, SetUpError> {
        Self::with_database(env, DATABASE_BINDING)
    }

    /// The same with another binding for the database.
    ///
    /// # Errors
    /// As for [`Endpoint::from_env`].
    pub fn with_database(env: &Env, binding: &str) -> Result<Self, SetUpError> {
        let checked = set_up::checked(env, binding)?;
        let store = SqlStore::new(D1::from_env(env, binding)?, checked.statements);
        let mut ports = Ports::new(Rc::new(DateNow), Rc::new(Crypto));
        ports.observer = Rc::new(Console::new(binding));
        Ok(Self { config: checked.config, store, ports })
    }

    /// The same routes, with a list of passwords that sign-up refuses. It is asked last, once a sign-up, and only about
    /// passwords that pass every other rule.
    #[must_use]
    pub fn with_blocklist(mut self, blocklist: Rc<dyn Blocklist>) -> Self {
        self.ports.blocklist = blocklist;
        self
    }

    fn auth(&self) -> Auth101<SqlStore<D1>, InPlaceHasher> {
        Auth101::new(Rc::clone(&self.config), self.store.clone(), InPlaceHasher, self.ports.clone())
    }

    /// Whether a path lies under the base path (`/auth` by default) and is therefore for [`Endpoint::handle`].
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        self.config.covers(path)
    }

    /// Answers a request. Never fails: whatever goes wrong has an answer.
    pub async fn handle(&self, request: Request) -> Response {
        answer(self.auth().handle(request::translate(&request, &self.config).await).await)
    }

    /// The user whose access token the request carries as `Authorization: Bearer …`, if its session stands. The session
    /// is looked up, so that one that was signed out or revoked is refused at once.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] and [`AuthError::Internal`] only, since an outage is not a refusal; they are in the
    /// log by then. [`answer`] makes a response of them.
    pub async fn current_user(&self, request: &Request) -> Result<Option<User>, AuthError> {
        let authorization = request::authorization(request);
        match authorization.as_ref().and_then(|value| value.bearer_token()) {
            Some(token) => self.auth().verify_token(token).await,
            None => Ok(None),
        }
    }

    /// Removes the sessions that are over; how many there were. For a scheduled event.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] and [`AuthError::Internal`]; they are in the log by then.
    pub async fn purge(&self) -> Result<u64, AuthError> {
        let removed = self.auth().purge().await?;
        log::purged(removed);
        Ok(removed)
    }
}
