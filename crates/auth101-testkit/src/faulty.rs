//! Things that go wrong between the service and its database, at calls of the test's choosing.

use crate::executor::give_way;
use auth101_core::{
    domain::{
        account::Credentials,
        email::Email,
        identifier::{SessionId, UserId},
        session::{Session, SessionReference},
        user::User,
    },
    port::{Horizon, Opened, Opening, Pages, Purged, Registration, Rotated, Rotation, SignUp, Store, StoreError},
    time::Resolution,
};
use auth101_sql::{Outcome, SqlDriver, SqlError, Statement};
use std::{cell::Cell, fmt, rc::Rc, time::Duration};

/// What happens to one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    /// Nothing.
    None,
    /// It fails and was not applied.
    FailsBefore,
    /// It was applied, and the answer is lost: it fails.
    FailsAfter,
    /// The platform applies it twice and returns the second answer.
    RunsTwice,
}

/// Decides for the call with this index, counted from 0.
pub type Plan = Rc<dyn Fn(usize) -> Mishap>;

/// This mishap at that call and nowhere else.
#[must_use]
pub fn only_at(index: usize, mishap: Mishap) -> Plan {
    Rc::new(move |call| if call == index { mishap } else { Mishap::None })
}

/// A store behind a network: every call gives way before it is applied and again before its answer arrives, and suffers
/// what the plan says.
#[derive(Clone)]
pub struct FaultyStore<S> {
    inner: S,
    plan: Plan,
    calls: Rc<Cell<usize>>,
}

impl<S: fmt::Debug> fmt::Debug for FaultyStore<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FaultyStore").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S: Store> FaultyStore<S> {
    /// Puts the network in between.
    pub fn new(inner: S, plan: Plan) -> Self {
        Self { inner, plan, calls: Rc::default() }
    }

    /// How often the store was called.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.get()
    }

    async fn call<T>(&self, apply: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mishap = (self.plan)(self.calls.replace(self.calls.get() + 1));
        give_way().await;
        if mishap == Mishap::FailsBefore {
            return Err(StoreError::Unavailable);
        }
        let mut answer = apply().await;
        if mishap == Mishap::RunsTwice {
            answer = apply().await;
        }
        give_way().await;
        if mishap == Mishap::FailsAfter { Err(StoreError::Unavailable) } else { answer }
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn resolution(&self) -> Resolution {
        self.inner.resolution()
    }

    async fn create_user(&self, sign_up: &SignUp) -> Result<Registration, StoreError> {
        self.call(async || self.inner.create_user(sign_up).await).await
    }

    async fn credentials_by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        self.call(async || self.inner.credentials_by_email(email).await).await
    }

    async fn open_session(&self, opening: &Opening) -> Result<Opened, StoreError> {
        self.call(async || self.inner.open_session(opening).await).await
    }

    async fn refresh_session(&self, rotation: &Rotation) -> Result<Rotated, StoreError> {
        self.call(async || self.inner.refresh_session(rotation).await).await
    }

    async fn user_of_session(
        &self,
        user: &UserId,
        session: Option<&SessionId>,
    ) -> Result<Option<(User, Option<Session>)>, StoreError> {
        self.call(async || self.inner.user_of_session(user, session).await).await
    }

    async fn close_session(&self, user: &UserId, session: &SessionReference) -> Result<bool, StoreError> {
        self.call(async || self.inner.close_session(user, session).await).await
    }

    async fn purge_expired(&self, horizon: Horizon, pages: Pages) -> Result<Purged, StoreError> {
        self.call(async || self.inner.purge_expired(horizon, pages.clone()).await).await
    }
}

/// A driver whose batches fail as told: before they are applied, or after.
#[derive(Clone)]
pub struct FaultyDriver<D> {
    inner: D,
    plan: Rc<dyn Fn(usize) -> Option<DriverFault>>,
    calls: Rc<Cell<usize>>,
}

/// How a batch fails.
#[derive(Clone, Debug)]
pub struct DriverFault {
    /// What the driver reports.
    pub error: SqlError,
    /// Whether the batch was applied all the same.
    pub applied: bool,
}

impl<D: SqlDriver> FaultyDriver<D> {
    /// Decides for the batch with this index, counted from 0.
    pub fn new(inner: D, plan: impl Fn(usize) -> Option<DriverFault> + 'static) -> Self {
        Self { inner, plan: Rc::new(plan), calls: Rc::default() }
    }
}

impl<D: SqlDriver> SqlDriver for FaultyDriver<D> {
    async fn batch_within(&self, statements: &[Statement<'_>], limit: Duration) -> Result<Vec<Outcome>, SqlError> {
        let fault = (self.plan)(self.calls.replace(self.calls.get() + 1));
        give_way().await;
        match fault {
            None => self.inner.batch_within(statements, limit).await,
            Some(DriverFault { error, applied }) => {
                if applied {
                    self.inner.batch_within(statements, limit).await?;
                }
                Err(error)
            }
        }
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }
}
