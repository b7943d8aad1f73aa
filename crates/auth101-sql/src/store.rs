//! The store: one batch a step.

use crate::{
    driver::{BATCH_LIMIT, Outcome, Row, SqlDriver, SqlError, Statement, Value},
    row,
    statement::{Binding, SessionStatements, Statements},
};
use alloc::{rc::Rc, string::String, vec::Vec};
use auth101_core::{
    domain::{
        account::{CREDENTIAL_PROVIDER, Credentials},
        email::Email,
        identifier::{SessionId, UserId},
        session::{Client, Session, SessionReference},
        user::User,
    },
    port::{Horizon, Opened, Opening, Pages, Purged, Registration, Rotated, Rotation, SignUp, Store, StoreError},
    time::Resolution,
};
use core::time::Duration;

/// How often a batch that lost to others is run in all, before the caller is told to try again.
const ATTEMPTS: u32 = 4;

/// The store over a driver. Holds no state of its own.
#[derive(Clone, Debug)]
pub struct SqlStore<D> {
    driver: D,
    statements: Rc<Statements>,
}

impl<D: SqlDriver> SqlStore<D> {
    /// A store over the driver, with statements rendered for its dialect.
    pub const fn new(driver: D, statements: Rc<Statements>) -> Self {
        Self { driver, statements }
    }

    /// The time that a step has, from now on.
    fn bound(&self, limit: Duration) -> Bound {
        Bound { started: self.driver.elapsed(), limit }
    }

    /// Runs a batch, again where it lost to concurrent writers and time remains: nothing of it was kept, and every batch
    /// of the store gives the same answer when it is repeated.
    async fn run(&self, batch: &[Statement<'_>], bound: &Bound) -> Result<Vec<Outcome>, SqlError> {
        let mut attempt = 1;
        loop {
            let remaining = bound.remaining(self.driver.elapsed());
            if remaining.is_zero() {
                return Err(SqlError::Unavailable);
            }
            match self.driver.batch_within(batch, remaining).await {
                Err(SqlError::Conflict) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    /// Runs a batch that stores what a caller says of itself, without whatever of that the columns cannot hold: a program's
    /// name in characters that the database lacks, or at a length that a host's table lacks, must not keep anybody out.
    async fn run_for<'a>(
        &self,
        client: &Client,
        batch: impl Fn(&Client) -> Vec<Statement<'a>>,
        bound: &Bound,
    ) -> Result<Vec<Outcome>, SqlError> {
        let mut tried: Option<Client> = None;
        for client in [client.clone(), client.in_ascii(), Client::default()] {
            if tried.as_ref() == Some(&client) {
                continue;
            }
            match self.run(&batch(&client), bound).await {
                Err(SqlError::Unfit) => tried = Some(client),
                outcome => return outcome,
            }
        }
        Err(SqlError::Unfit)
    }

    async fn select(&self, statement: Statement<'_>, bound: &Bound) -> Result<Vec<Row>, StoreError> {
        Ok(last_rows(self.run(&[statement], bound).await.map_err(store_error)?))
    }

    fn named(&self, session: &SessionReference) -> &SessionStatements {
        match session {
            SessionReference::Id(_) => &self.statements.by_id,
            SessionReference::Token { .. } => &self.statements.by_token,
        }
    }

    /// Who has the address, as the database's own comparison finds it.
    async fn holder_of(&self, email: &str, bound: &Bound) -> Result<Option<String>, StoreError> {
        let rows = self.select(self.statements.select_holder_of_email.bind(&[("email", text(email))]), bound).await?;
        rows.first().map(|row| row::optional_text(row, "user_id", "users.id")).transpose().map(Option::flatten)
    }
}

impl<D: SqlDriver> Store for SqlStore<D> {
    fn resolution(&self) -> Resolution {
        self.statements.dialect.resolution()
    }

    async fn create_user(&self, sign_up: &SignUp) -> Result<Registration, StoreError> {
        let SignUp { user, account, session } = sign_up;
        let bindings = [
            ("name", text(&user.name)),
            ("email", text(&user.email)),
            ("email_verified", Value::Boolean(user.email_verified)),
            ("image", text(&user.image)),
            ("is_active", Value::Boolean(user.is_active)),
            ("account_row_id", text(account.id.as_str())),
            ("provider_id", text(CREDENTIAL_PROVIDER)),
            ("password", text(account.password_hash.expose())),
        ];
        let statements = &self.statements;
        let batch = |client: &Client| {
            let bindings = [session_bindings(&session.session, client), bindings.to_vec()].concat();
            Vec::from([
                statements.insert_user.bind(&bindings),
                statements.insert_account.bind(&bindings),
                statements.insert_first_session.bind(&bindings),
                statements.select_holder_of_email.bind(&bindings),
            ])
        };
        let bound = self.bound(BATCH_LIMIT);
        let holder = match self.run_for(&session.client, batch, &bound).await {
            Ok(outcomes) => last_rows(outcomes)
                .first()
                .map(|row| row::optional_text(row, "user_id", "users.id"))
                .transpose()?
                .flatten(),
            // A racing sign-up took the address between the guard and the index. Databases name their indexes in many
            // ways, so who holds the address is asked rather than read out of the error.
            Err(SqlError::UniqueViolation(_)) => self.holder_of(&user.email, &bound).await?,
            Err(error) => return Err(store_error(error)),
        };
        match holder {
            Some(holder) if holder == user.id.as_str() => Ok(Registration::Created),
            Some(_) => Ok(Registration::EmailTaken),
            None => Err(StoreError::Defect),
        }
    }

    async fn credentials_by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let bindings = [("email", text(email.as_str())), ("provider_id", text(CREDENTIAL_PROVIDER))];
        for row in self.select(self.statements.select_credentials.bind(&bindings), &self.bound(BATCH_LIMIT)).await? {
            // Collations equate addresses that differ; only this very one may sign in.
            match row::user(&row)? {
                Some(user) if user.email == email.as_str() => {
                    return Ok(Some(Credentials { user, account: row::stored_password(&row)? }));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    async fn open_session(&self, opening: &Opening) -> Result<Opened, StoreError> {
        let Opening { session, verified, rehash, horizon } = opening;
        let mut bindings = Vec::from([
            ("account_row_id", text(verified.account_id.as_str())),
            ("verified_password", verified.hash.as_ref().map_or(Value::Null, |hash| text(hash.expose()))),
            ("born", Value::Timestamp(horizon.born)),
        ]);
        if let Some(rehash) = rehash {
            bindings.push(("new_password", text(rehash.password_hash.expose())));
        }
        let batch = |client: &Client| {
            let bindings = [session_bindings(&session.session, client), bindings.clone()].concat();
            let batch = self.statements.opening_batch(rehash.is_some());
            batch.into_iter().map(|statement| statement.bind(&bindings)).collect()
        };
        let outcomes = self.run_for(&session.client, batch, &self.bound(BATCH_LIMIT)).await.map_err(store_error)?;
        let stands = !last_rows(outcomes).is_empty();
        Ok(if stands { Opened::Open } else { Opened::Refused })
    }

    async fn refresh_session(&self, rotation: &Rotation) -> Result<Rotated, StoreError> {
        let bindings = [
            ("session_id", session_id(&rotation.session)),
            ("user_id", text(rotation.user_id.as_str())),
            ("presented", text(rotation.presented.as_str())),
            ("successor", text(rotation.successor.as_str())),
            ("grace_from", Value::Timestamp(rotation.grace_from)),
            ("grace_until", Value::Timestamp(rotation.grace_until)),
            ("paced_before", Value::Timestamp(rotation.paced_before)),
            ("now", Value::Timestamp(rotation.horizon.now)),
            ("born", Value::Timestamp(rotation.horizon.born)),
            ("expires_at", Value::Timestamp(rotation.expires_at)),
        ];
        let named = self.named(&rotation.session);
        let batch: Vec<Statement<'_>> =
            named.refresh_batch().into_iter().map(|statement| statement.bind(&bindings)).collect();
        let outcomes = self.run(&batch, &self.bound(rotation.commit_within)).await.map_err(store_error)?;
        let [.., ended, _, read, _] = outcomes.as_slice() else {
            return Err(StoreError::Defect);
        };
        let row = match read.rows.first() {
            None => None,
            Some(row) => {
                let session = row::session(row)?.ok_or(StoreError::Unreadable { column: "session.id" })?;
                Some((session, row::user(row)?))
            }
        };
        Ok(Rotated { reuse_ended_session: ended.affected > 0, row })
    }

    async fn user_of_session(
        &self,
        user: &UserId,
        session: Option<&SessionId>,
    ) -> Result<Option<(User, Option<Session>)>, StoreError> {
        let mut bindings = Vec::from([("user_id", text(user.as_str()))]);
        let statement = match session {
            None => self.statements.select_user.bind(&bindings),
            Some(session) => {
                bindings.push(("session_id", text(session.as_str())));
                self.statements.select_user_and_session.bind(&bindings)
            }
        };
        let rows = self.select(statement, &self.bound(BATCH_LIMIT)).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let found = if session.is_some() { row::session(row)? } else { None };
        Ok(row::user(row)?.map(|user| (user, found)))
    }

    async fn close_session(&self, user: &UserId, session: &SessionReference) -> Result<bool, StoreError> {
        let mut bindings = Vec::from([("user_id", text(user.as_str())), ("session_id", session_id(session))]);
        if let SessionReference::Token { token, successor } = session {
            bindings.extend([("presented", text(token.as_str())), ("successor", text(successor.as_str()))]);
        }
        let close = [self.named(session).close.bind(&bindings)];
        let outcomes = self.run(&close, &self.bound(BATCH_LIMIT)).await.map_err(store_error)?;
        Ok(outcomes.iter().any(|outcome| outcome.affected > 0))
    }

    async fn purge_expired(&self, horizon: Horizon, pages: Pages) -> Result<Purged, StoreError> {
        let bindings = [
            ("now", Value::Timestamp(horizon.now)),
            ("born", Value::Timestamp(horizon.born)),
            ("after", text(&pages.after)),
            ("until", text(&pages.until)),
        ];
        let statements = &self.statements;
        let batch = [statements.delete_sessions_over.bind(&bindings), statements.select_end_of_page.bind(&bindings)];
        let outcomes = self.run(&batch, &self.bound(BATCH_LIMIT)).await.map_err(store_error)?;
        let removed = outcomes.first().map_or(0, |outcome| outcome.affected);
        let end = last_rows(outcomes)
            .first()
            .map(|row| row::optional_text(row, "session_id", "session.id"))
            .transpose()?
            .flatten();
        Ok(Purged { removed, next: end.map(|end| Pages { after: pages.until, until: end }) })
    }
}

/// The time that a step has, over all attempts.
struct Bound {
    started: Duration,
    limit: Duration,
}

impl Bound {
    fn remaining(&self, now: Duration) -> Duration {
        self.limit.saturating_sub(now.saturating_sub(self.started))
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn session_id(session: &SessionReference) -> Value {
    match session {
        SessionReference::Id(id) => text(id.as_str()),
        SessionReference::Token { .. } => Value::Null,
    }
}

fn session_bindings(session: &Session, client: &Client) -> Vec<Binding<'static>> {
    let optional = |value: &Option<String>| value.as_deref().map_or(Value::Null, text);
    Vec::from([
        ("session_id", text(session.id.as_str())),
        ("token", text(session.token.as_str())),
        ("expires_at", Value::Timestamp(session.expires_at)),
        ("user_id", text(session.user_id.as_str())),
        ("ip_address", optional(&client.ip_address)),
        ("user_agent", optional(&client.user_agent)),
        ("now", Value::Timestamp(session.created_at)),
    ])
}

/// The rows of the last statement, which is the one that reads.
fn last_rows(outcomes: Vec<Outcome>) -> Vec<Row> {
    outcomes.into_iter().next_back().map(|outcome| outcome.rows).unwrap_or_default()
}

fn store_error(error: SqlError) -> StoreError {
    match error {
        SqlError::Conflict | SqlError::Unavailable => StoreError::Unavailable,
        SqlError::NotSetUp(problem) => StoreError::NotSetUp(problem),
        SqlError::Unfit => StoreError::Unfit,
        SqlError::UniqueViolation(_) | SqlError::Rejected => StoreError::Defect,
    }
}
