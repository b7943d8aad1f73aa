//! The store: one batch a step.

use crate::{
    driver::{Outcome, Row, SqlDriver, SqlError, Statement, Value},
    row,
    statement::{Binding, PURGED_AT_ONCE, SessionStatements, Statements},
};
use alloc::{rc::Rc, string::String, vec::Vec};
use auth101_core::{
    domain::{
        account::{CREDENTIAL_PROVIDER, Credentials},
        email::Email,
        identifier::{SessionId, UserId},
        session::{NewSession, Session, SessionReference},
        user::User,
    },
    port::{Horizon, Opened, Opening, Registration, Rotated, Rotation, SignUp, Store, StoreError},
    time::Resolution,
};

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

    /// Runs a batch, again where it lost to concurrent writers: nothing of it remained, and every batch of ours gives
    /// the same answer when it is repeated.
    async fn run(&self, batch: &[Statement<'_>]) -> Result<Vec<Outcome>, SqlError> {
        let mut attempt = 1;
        loop {
            match self.driver.batch(batch).await {
                Err(SqlError::Conflict) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn select(&self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(last_rows(self.run(&[statement]).await.map_err(store_error)?))
    }

    async fn delete(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let outcomes = self.run(&[statement]).await.map_err(store_error)?;
        Ok(outcomes.first().map_or(0, |outcome| outcome.affected))
    }

    fn named(&self, session: &SessionReference) -> &SessionStatements {
        match session {
            SessionReference::Id(_) => &self.statements.by_id,
            SessionReference::Token { .. } => &self.statements.by_token,
        }
    }

    /// Who has the address, as the database's own comparison finds it.
    async fn holder_of(&self, email: &str) -> Result<Option<String>, StoreError> {
        let rows = self.select(self.statements.select_holder_of_email.bind(&[("email", text(email))])).await?;
        rows.first().map(|row| row::optional_text(row, "user_id", "users.id")).transpose().map(Option::flatten)
    }
}

impl<D: SqlDriver> Store for SqlStore<D> {
    fn resolution(&self) -> Resolution {
        self.statements.dialect.resolution()
    }

    async fn create_user(&self, sign_up: &SignUp) -> Result<Registration, StoreError> {
        let SignUp { user, account, session } = sign_up;
        let mut bindings = session_bindings(session);
        bindings.extend([
            ("name", text(&user.name)),
            ("email", text(&user.email)),
            ("email_verified", Value::Boolean(user.email_verified)),
            ("image", text(&user.image)),
            ("is_active", Value::Boolean(user.is_active)),
            ("account_row_id", text(account.id.as_str())),
            ("provider_id", text(CREDENTIAL_PROVIDER)),
            ("password", text(account.password_hash.expose())),
        ]);
        let statements = &self.statements;
        let batch = [
            statements.insert_user.bind(&bindings),
            statements.insert_account.bind(&bindings),
            statements.insert_first_session.bind(&bindings),
            statements.select_holder_of_email.bind(&bindings),
        ];
        let holder = match self.run(&batch).await {
            Ok(outcomes) => last_rows(outcomes)
                .first()
                .map(|row| row::optional_text(row, "user_id", "users.id"))
                .transpose()?
                .flatten(),
            // A racing sign-up took the address between the guard and the index. Databases name their indexes in many
            // ways, so who holds the address is asked rather than read out of the error.
            Err(SqlError::UniqueViolation(_)) => self.holder_of(&user.email).await?,
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
        for row in self.select(self.statements.select_credentials.bind(&bindings)).await? {
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
        let mut bindings = session_bindings(session);
        bindings.extend([
            ("account_row_id", text(verified.account_id.as_str())),
            ("verified_password", verified.hash.as_ref().map_or(Value::Null, |hash| text(hash.expose()))),
            ("born", Value::Timestamp(horizon.born)),
        ]);
        if let Some(rehash) = rehash {
            bindings.push(("new_password", text(rehash.password_hash.expose())));
        }
        let batch = self.statements.opening_batch(rehash.is_some());
        let batch: Vec<Statement<'_>> = batch.into_iter().map(|statement| statement.bind(&bindings)).collect();
        let stands = !last_rows(self.run(&batch).await.map_err(store_error)?).is_empty();
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
        let outcomes = self.run(&batch).await.map_err(store_error)?;
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
        let rows = match session {
            None => self.select(self.statements.select_user.bind(&bindings)).await?,
            Some(session) => {
                bindings.push(("session_id", text(session.as_str())));
                self.select(self.statements.select_user_and_session.bind(&bindings)).await?
            }
        };
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
        Ok(self.delete(self.named(session).close.bind(&bindings)).await? > 0)
    }

    async fn purge_expired(&self, horizon: Horizon) -> Result<u64, StoreError> {
        let bindings = [("now", Value::Timestamp(horizon.now)), ("born", Value::Timestamp(horizon.born))];
        let mut purged = 0;
        loop {
            let removed = self.delete(self.statements.delete_sessions_over.bind(&bindings)).await?;
            purged += removed;
            // Each round has removed rows for good, so this ends; and whatever ends it early has not been in vain.
            if removed < PURGED_AT_ONCE {
                return Ok(purged);
            }
        }
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

fn session_bindings(NewSession { session, client }: &NewSession) -> Vec<Binding<'static>> {
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
