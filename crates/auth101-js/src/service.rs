//! The service of one configuration: what makes tasks.

use crate::{
    answer,
    boundary::{Returned, to_js},
    driver::HostDriver,
    exchange::Exchange,
    hasher::Hasher,
    options,
    platform::{CallTime, Crypto, HostBlocklist},
    rows,
    task::Task,
};
use auth101_core::{
    Auth101, AuthError, Config, Ports,
    domain::{password::Password, session::Client},
    event::{Event, Fault, Observer},
    http::{
        body::{Body, MAX_BODY_BYTES},
        request::{Authorization, Headers, Request},
    },
    port::StoreError,
};
use auth101_sql::{
    Dialect, Entities, SqlDriver, SqlError, SqlStore, Statement, Statements, compare,
    entity::Ownership,
    schema,
    statement::{PURGE_PAGE, PURGE_PAGE_IN_PROCESS},
};
use js_sys::Function;
use serde::Serialize;
use std::{future::Future, rc::Rc};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use zeroize::Zeroizing;

/// How often migrations that meet are tried in all.
const MIGRATION_ATTEMPTS: u32 = 4;

type Auth = Auth101<SqlStore<HostDriver>, Hasher>;

/// A checked configuration over a database of one dialect. Its methods make tasks, and begin nothing by themselves.
#[wasm_bindgen]
pub struct Service {
    config: Rc<Config>,
    dialect: Dialect,
    entities: Rc<Entities>,
    statements: Rc<Statements>,
    hashes_elsewhere: bool,
    blocklist: Option<Function>,
}

#[wasm_bindgen]
impl Service {
    /// Checks the options, an object in camelCase. The database may lie in this process, and keep it busy; and its client may
    /// not survive a text that is not UTF-8, so that texts are selected as bytes.
    ///
    /// # Errors
    /// An object of `option` and `problem`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        dialect: &str,
        options: JsValue,
        is_in_process: bool,
        texts_as_bytes: bool,
        hashes_elsewhere: bool,
        blocklist: Option<Function>,
    ) -> Result<Self, JsValue> {
        let checked = options::from_object(options).and_then(|options| {
            let config = options::config(&options)?;
            Ok((config, options::entities(&options)?, options::dialect(dialect)?))
        });
        let (config, entities, dialect) = checked.map_err(|refused| to_js(&refused))?;
        let purge_page = if is_in_process { PURGE_PAGE_IN_PROCESS } else { PURGE_PAGE };
        let statements = if texts_as_bytes && dialect == Dialect::Sqlite {
            Statements::reading_texts_as_bytes(&entities, purge_page)
        } else {
            Statements::with_purge_page(dialect, &entities, purge_page)
        };
        Ok(Self {
            config: Rc::new(config),
            dialect,
            statements: Rc::new(statements),
            entities: Rc::new(entities),
            hashes_elsewhere,
            blocklist,
        })
    }

    /// Whether the secret, or a previous one, is shorter than it should be.
    pub fn warnings(&self) -> Vec<String> {
        self.config.warnings.iter().map(options::line).collect()
    }

    /// Whether a path lies under the base path.
    pub fn covers(&self, path: &str) -> bool {
        self.config.covers(path)
    }

    /// Whether the body of a request is looked at.
    #[wasm_bindgen(js_name = readsBody)]
    pub fn reads_body(&self, method: &str, path: &str) -> bool {
        self.config.reads_body(method, path)
    }

    /// What a driver over one connection runs before a batch: a list of texts.
    pub fn begin(&self) -> Returned {
        Ok(to_js(self.dialect.begin()))
    }

    /// The statements that make the tables that are ours, as a batch.
    #[wasm_bindgen(js_name = createTables)]
    pub fn create_tables(&self) -> Returned {
        let statements = schema::create_statements(self.dialect, &self.entities);
        Ok(to_js(&rows::write(self.dialect, &without_parameters(&statements))))
    }

    /// A sign-up. What is no text is given as nothing.
    #[wasm_bindgen(js_name = signUp)]
    pub fn sign_up(
        &self,
        now: f64,
        email: Option<String>,
        password: Option<String>,
        ip_address: Option<String>,
        user_agent: Option<String>,
    ) -> Task {
        let (email, password) = (email.unwrap_or_default(), Password::new(password.unwrap_or_default()));
        self.task(now, |auth| async move {
            answer::result(auth.sign_up(&email, &password, &Client { ip_address, user_agent }).await)
        })
    }

    /// A sign-in, likewise.
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(
        &self,
        now: f64,
        email: Option<String>,
        password: Option<String>,
        ip_address: Option<String>,
        user_agent: Option<String>,
    ) -> Task {
        let (email, password) = (email.unwrap_or_default(), Password::new(password.unwrap_or_default()));
        self.task(now, |auth| async move {
            answer::result(auth.sign_in(&email, &password, &Client { ip_address, user_agent }).await)
        })
    }

    /// A refresh.
    pub fn refresh(&self, now: f64, refresh_token: Option<String>) -> Task {
        self.task(now, |auth| async move {
            answer::result(match present(refresh_token.as_deref()) {
                Some(token) => auth.refresh(token).await,
                None => Err(AuthError::RefreshTokenRequired),
            })
        })
    }

    /// A revocation.
    #[wasm_bindgen(js_name = revokeSession)]
    pub fn revoke_session(&self, now: f64, refresh_token: Option<String>) -> Task {
        self.task(now, |auth| async move {
            answer::result(match present(refresh_token.as_deref()) {
                Some(token) => auth.revoke_session(token).await.map(answer::success),
                None => Err(AuthError::RefreshTokenRequired),
            })
        })
    }

    /// A sign-out.
    #[wasm_bindgen(js_name = signOut)]
    pub fn sign_out(&self, now: f64, access_token: Option<String>) -> Task {
        self.task(now, |auth| async move {
            answer::result(match present(access_token.as_deref()) {
                Some(token) => auth.sign_out(token).await.map(answer::success),
                None => Err(AuthError::NoToken),
            })
        })
    }

    /// The reading of a session.
    #[wasm_bindgen(js_name = getSession)]
    pub fn get_session(&self, now: f64, access_token: Option<String>) -> Task {
        self.task(now, |auth| async move {
            answer::result(match present(access_token.as_deref()) {
                Some(token) => auth.get_session(token).await.map(answer::session),
                None => Err(AuthError::Unauthorized),
            })
        })
    }

    /// The user of an `Authorization` header, or the response that refuses the request.
    pub fn authorize(&self, now: f64, authorization: Option<String>) -> Task {
        let authorization = authorization.map(Authorization::new);
        self.task(now, |auth| async move { answer::admission(auth.authorize(authorization.as_ref()).await) })
    }

    /// The names of the headers that [`Service::handle`] wants.
    #[wasm_bindgen(js_name = headerNames)]
    pub fn header_names(&self) -> Vec<String> {
        Headers::NAMES.map(ToOwned::to_owned).into()
    }

    /// A request to one of the routes. `headers` holds a name and its value in turn; a body that is too long is given as
    /// nothing.
    #[allow(clippy::too_many_arguments, reason = "the parts of a request: an object would cost a reading of each")]
    pub fn handle(
        &self,
        now: f64,
        method: String,
        path: String,
        headers: Vec<String>,
        body: Option<Vec<u8>>,
        ip_address: Option<String>,
        user_agent: Option<String>,
    ) -> Task {
        let body = match body.map(Zeroizing::new) {
            Some(body) if body.len() <= MAX_BODY_BYTES => Body::Complete(body),
            _ => Body::TooLarge,
        };
        let request = Request {
            method,
            path,
            headers: Headers::read(|name| value_of(&headers, name)),
            body,
            client: Client { ip_address, user_agent },
        };
        self.task(now, |auth| async move { answer::response(&auth.handle(request).await) })
    }

    /// The removal of sessions that are over: how many there were.
    pub fn purge(&self, now: f64) -> Task {
        self.task(now, |auth| async move { answer::result(auth.purge().await) })
    }

    /// The making of the tables that are ours, and the comparison of all with the schema.
    pub fn migrate(&self) -> Task {
        let exchange = Rc::new(Exchange::default());
        let driver = HostDriver { dialect: self.dialect, exchange: Rc::clone(&exchange) };
        let entities = Rc::clone(&self.entities);
        let observer = Rc::clone(&exchange);
        Task::new(self.dialect, exchange, async move {
            answer::result(migrate(&driver, &entities).await.map_err(|error| {
                let (error, fault) = match error {
                    SqlError::Unavailable | SqlError::Conflict => (AuthError::Unavailable, StoreError::Unavailable),
                    SqlError::NotSetUp(problem) => (AuthError::Internal, StoreError::NotSetUp(problem)),
                    _ => (AuthError::Internal, StoreError::Defect),
                };
                observer.observe(&Event::Fault(Fault::Store(fault)));
                error
            }))
        })
    }
}

impl Service {
    /// A task over this configuration. Each has an exchange, and so a store and a log, of its own.
    fn task<F: Future<Output = JsValue> + 'static>(&self, now: f64, flow: impl FnOnce(Auth) -> F) -> Task {
        let exchange = Rc::new(Exchange::default());
        let driver = HostDriver { dialect: self.dialect, exchange: Rc::clone(&exchange) };
        let hasher = if self.hashes_elsewhere { Hasher::Elsewhere(Rc::clone(&exchange)) } else { Hasher::InPlace };
        let mut ports = Ports::new(Rc::new(CallTime(now)), Rc::new(Crypto));
        ports.observer = Rc::clone(&exchange) as Rc<dyn Observer>;
        if let Some(contains) = self.blocklist.clone() {
            ports.blocklist = Rc::new(HostBlocklist { contains, exchange: Rc::clone(&exchange) });
        }
        let store = SqlStore::new(driver, Rc::clone(&self.statements));
        Task::new(self.dialect, exchange, flow(Auth101::new(Rc::clone(&self.config), store, hasher, ports)))
    }
}

/// The value that follows a name.
fn value_of(headers: &[String], name: &str) -> Option<String> {
    headers.chunks_exact(2).find_map(|header| match header {
        [known, value] if known == name => Some(value.clone()),
        _ => None,
    })
}

/// A token that was given. An empty one is none.
fn present(token: Option<&str>) -> Option<&str> {
    token.filter(|token| !token.is_empty())
}

/// What a migration found.
#[derive(Serialize)]
struct Migration {
    tables: Vec<Table>,
    differences: Vec<Difference>,
}

#[derive(Serialize)]
struct Table {
    option: &'static str,
    name: String,
    ownership: &'static str,
}

#[derive(Serialize)]
struct Difference {
    table: String,
    problem: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    breaks: bool,
}

async fn migrate(driver: &HostDriver, entities: &Entities) -> Result<Migration, SqlError> {
    let found = compare::compare(driver, driver.dialect, entities).await?;
    // A table that stands in the way changes everything: the rest would wait for it half made.
    let stands_in_the_way = |difference: &compare::Difference| difference.breaks && !difference.is_missing_table;
    let creation: Vec<String> = found.iter().flat_map(|difference| difference.creation.clone()).collect();
    if creation.is_empty() || found.iter().any(stands_in_the_way) {
        return Ok(Migration::new(entities, found));
    }
    create_tables(driver, &creation).await?;
    Ok(Migration::new(entities, compare::compare(driver, driver.dialect, entities).await?))
}

async fn create_tables(driver: &HostDriver, creation: &[String]) -> Result<(), SqlError> {
    let batch = without_parameters(creation);
    let mut attempt = 1;
    loop {
        match driver.batch(&batch).await {
            // PostgreSQL's IF NOT EXISTS does not see a table that another migration is just making.
            Err(SqlError::Conflict | SqlError::UniqueViolation(_)) if attempt < MIGRATION_ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
            Ok(_) => return Ok(()),
        }
    }
}

fn without_parameters(statements: &[String]) -> Vec<Statement<'_>> {
    statements.iter().map(|sql| Statement { sql, parameters: Vec::new() }).collect()
}

impl Migration {
    fn new(entities: &Entities, differences: Vec<compare::Difference>) -> Self {
        let table = |entity: &auth101_sql::entity::Entity| Table {
            option: entity.schema.option,
            name: entity.name.clone(),
            ownership: match entity.ownership {
                Ownership::Managed => "managed",
                Ownership::HostUsers => "host",
                Ownership::Customised => "customised",
            },
        };
        let difference =
            |compare::Difference { table, problem, remedy, breaks, .. }| Difference { table, problem, remedy, breaks };
        Self {
            tables: entities.iter().map(table).collect(),
            differences: differences.into_iter().map(difference).collect(),
        }
    }
}

/// The statements that make the tables of a configuration, a list of texts: of all tables, or of those that are ours.
///
/// # Errors
/// An object of `option` and `problem`.
#[wasm_bindgen(js_name = schemaOf)]
pub fn schema_of(dialect: &str, options: JsValue, all: bool) -> Returned {
    let checked = options::from_object(options)
        .and_then(|options| Ok((options::dialect(dialect)?, options::entities(&options)?)));
    let (dialect, entities) = checked.map_err(|refused| to_js(&refused))?;
    let statements = if all {
        schema::create_all_statements(dialect, &entities)
    } else {
        schema::create_statements(dialect, &entities)
    };
    Ok(to_js(&statements))
}
