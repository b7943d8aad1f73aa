//! auth101 in a Spin component, on Spin's SQLite or on PostgreSQL.
//!
//! [`Endpoint`] serves the six routes and tells a component's own routes who is asking:
//!
//! ```no_run
//! use auth101_spin::{AuthError, Endpoint, Response, answer, text};
//! use spin_sdk::{
//!     http::{Request, StatusCode},
//!     http_service,
//! };
//!
//! #[http_service]
//! async fn serve(request: Request) -> Response {
//!     let auth = match Endpoint::from_variables().await {
//!         Ok(auth) => auth,
//!         Err(error) => return error.report(),
//!     };
//!     if auth.covers(request.uri().path()) {
//!         return auth.handle(request).await;
//!     }
//!     match auth.current_user(&request).await {
//!         Ok(Some(user)) => text(StatusCode::OK, "text/plain", format!("Hello, {}\n", user.email)),
//!         Ok(None) => answer(AuthError::Unauthorized),
//!         Err(error) => answer(error),
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! The configuration comes from the component's variables (`auth_secret`, `auth_access_token_expires_in`, …), and so
//! does the choice of the database (`auth_database`). `spin.toml` in the root of the repository lists them all.

#![forbid(unsafe_code)]

mod database;
mod deadline;
mod hasher;
mod load;
mod log;
mod platform;
mod postgres;
mod purge;
mod remedy;
mod request;
mod response;
mod set_up;
mod sqlite;
mod tables;
mod transaction;
mod variables;

pub use auth101_core::{AuthError, Cause, ConfigError, Problem, SettingProblem, domain::user::User, port::Blocklist};
pub use auth101_sql::Dialect;
pub use database::Database;
pub use response::{Response, answer, text};
pub use set_up::{ChoiceProblem, SetUpError};

use auth101_core::{Auth101, Config, Ports};
use auth101_sql::{BATCH_LIMIT, SqlStore, Statements};
use hasher::ConsiderateHasher;
use log::StandardStreams;
use platform::{SystemClock, SystemRandom};
use set_up::Checked;
use spin_sdk::http::Request;
use std::{rc::Rc, time::Duration};
use tables::MakingTables;

type Service = Auth101<SqlStore<MakingTables>, ConsiderateHasher>;

/// The routes, ready to serve. Making one costs next to nothing once an instance has served its first request.
#[derive(Debug)]
pub struct Endpoint {
    config: Rc<Config>,
    statements: Rc<Statements>,
    driver: MakingTables,
    ports: Ports,
}

impl Endpoint {
    /// Reads the configuration from the variables whose names begin with `auth_`, and takes the database that
    /// `auth_database` names.
    ///
    /// # Errors
    /// A variable or the database is missing or wrong. [`SetUpError::report`] logs what to do and answers the request.
    pub async fn from_variables() -> Result<Self, SetUpError> {
        let checked = set_up::checked().await?;
        let mut ports = Ports::new(Rc::new(SystemClock), Rc::new(SystemRandom));
        ports.observer = Rc::new(StandardStreams::new(&checked.driver));
        let Checked { config, statements, driver } = checked;
        Ok(Self { config, statements, driver, ports })
    }

    /// The same routes, with a list of passwords that sign-up refuses. It is asked last, once a sign-up, and only about
    /// passwords that pass every other rule.
    #[must_use]
    pub fn with_blocklist(mut self, blocklist: Rc<dyn Blocklist>) -> Self {
        self.ports.blocklist = blocklist;
        self
    }

    /// The service for something that may take so much time of the database in all, whatever number of batches it needs.
    fn auth(&self, time: Duration) -> Service {
        let store = SqlStore::new(self.driver.within(time), Rc::clone(&self.statements));
        Auth101::new(Rc::clone(&self.config), store, ConsiderateHasher, self.ports.clone())
    }

    /// Whether a path lies under the base path (`/auth` by default) and is therefore for [`Endpoint::handle`].
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        self.config.covers(path)
    }

    /// Answers a request. Never fails: whatever goes wrong has an answer.
    ///
    /// Now and then it removes the sessions that are over, after the answer has gone out.
    pub async fn handle(&self, request: Request) -> Response {
        let request = request::translate(request, &self.config).await;
        let may_write = self.config.reads_body(&request.method, &request.path);
        let response = self.auth(BATCH_LIMIT).handle(request).await;
        if may_write && response.status < 300 {
            purge::now_and_then(&*self.ports.random, self.auth(purge::AT_MOST));
        }
        answer(response)
    }

    /// The user whose access token the request carries as `Authorization: Bearer …`, if its session stands. The session
    /// is looked up, so that one that was signed out or revoked is refused at once.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] and [`AuthError::Internal`] only, since an outage is not a refusal; they are in the
    /// log by then. [`answer`] makes a response of them.
    pub async fn current_user<B>(&self, request: &Request<B>) -> Result<Option<User>, AuthError> {
        let authorization = request::authorization(request.headers());
        match authorization.as_ref().and_then(|value| value.bearer_token()) {
            Some(token) => self.auth(BATCH_LIMIT).verify_token(token).await,
            None => Ok(None),
        }
    }

    /// Removes the sessions that are over; how many there were. For a component that has a schedule of its own:
    /// [`Endpoint::handle`] does without.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] and [`AuthError::Internal`]; they are in the log by then.
    pub async fn purge(&self) -> Result<u64, AuthError> {
        let removed = self.auth(Duration::MAX).purge().await?;
        log::purged(removed);
        Ok(removed)
    }
}
