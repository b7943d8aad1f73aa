//! The store behind a network, under the judge's eyes.

use super::oracle::{Oracle, Step};
use crate::{
    clock::TestClock,
    executor::give_way,
    faulty::{FaultyDriver, Mishap, Plan},
    locked::LockedDriver,
    mutation::MutatedDriver,
    rusqlite::RusqliteDriver,
    sql_tables::SqlTables,
    tables::Rows,
};
use auth101_core::{
    domain::{
        account::Credentials,
        email::Email,
        identifier::{SessionId, UserId},
        session::{Session, SessionReference},
        user::User,
    },
    port::{
        Clock, Horizon, Opened, Opening, Pages, Purged, Registration, Rotated, Rotation, SignUp, Store, StoreError,
    },
    time::Resolution,
};
use auth101_sql::SqlStore;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// SQLite in memory with a host's locks, behind a network, with a mutation or none.
pub(super) type Driver = MutatedDriver<FaultyDriver<LockedDriver<RusqliteDriver>>>;

/// The store of one request. Every call gives way again before its answer arrives, suffers what the plan says, and tells
/// the judge of every step before anybody else gets a turn.
#[derive(Clone)]
pub(super) struct WatchedStore {
    pub(super) store: SqlStore<Driver>,
    pub(super) clock: TestClock,
    pub(super) tables: SqlTables<RusqliteDriver>,
    pub(super) resolution: Resolution,
    pub(super) oracle: Rc<RefCell<Oracle>>,
    pub(super) request: usize,
    pub(super) plan: Plan,
    pub(super) calls: Rc<Cell<usize>>,
}

impl WatchedStore {
    async fn call<'s, R>(
        &self,
        apply: impl AsyncFn() -> Result<R, StoreError>,
        step: impl Fn(&R) -> Option<Step<'s>>,
    ) -> Result<R, StoreError> {
        let mishap = (self.plan)(self.calls.replace(self.calls.get() + 1));
        give_way().await;
        if mishap == Mishap::FailsBefore {
            return Err(StoreError::Unavailable);
        }
        let mut answer = None;
        for _ in 0..if mishap == Mishap::RunsTwice { 2 } else { 1 } {
            let called = self.clock.now();
            let applied = match apply().await {
                Ok(applied) => applied,
                Err(error) => {
                    let rows = Rows::of(&self.tables).await;
                    self.oracle.borrow_mut().gave_up(&rows);
                    return Err(error);
                }
            };
            if let Some(step) = step(&applied) {
                let rows = Rows::of(&self.tables).await;
                let took = self.clock.now().micros() - called.micros();
                self.oracle.borrow_mut().step(self.request, &step, took, rows);
            }
            answer = Some(applied);
        }
        give_way().await;
        if mishap == Mishap::FailsAfter { Err(StoreError::Unavailable) } else { answer.ok_or(StoreError::Defect) }
    }
}

impl Store for WatchedStore {
    /// Whole seconds, as MySQL's columns keep them, or microseconds.
    fn resolution(&self) -> Resolution {
        self.resolution
    }

    async fn create_user(&self, sign_up: &SignUp) -> Result<Registration, StoreError> {
        let step = |registration: &Registration| Some(Step::Created(sign_up, *registration));
        self.call(async || self.store.create_user(sign_up).await, step).await
    }

    async fn credentials_by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        self.call(async || self.store.credentials_by_email(email).await, |_| None).await
    }

    async fn open_session(&self, opening: &Opening) -> Result<Opened, StoreError> {
        self.call(async || self.store.open_session(opening).await, |opened| Some(Step::Opened(opening, *opened))).await
    }

    async fn refresh_session(&self, rotation: &Rotation) -> Result<Rotated, StoreError> {
        self.call(async || self.store.refresh_session(rotation).await, |_| Some(Step::Refreshed(rotation))).await
    }

    async fn user_of_session(
        &self,
        user: &UserId,
        session: Option<&SessionId>,
    ) -> Result<Option<(User, Option<Session>)>, StoreError> {
        let step = |_: &_| Some(Step::Read(user, session));
        self.call(async || self.store.user_of_session(user, session).await, step).await
    }

    async fn close_session(&self, user: &UserId, session: &SessionReference) -> Result<bool, StoreError> {
        let step = |_: &bool| Some(Step::Closed(user, session));
        self.call(async || self.store.close_session(user, session).await, step).await
    }

    async fn purge_expired(&self, horizon: Horizon, pages: Pages) -> Result<Purged, StoreError> {
        let purge = async || self.store.purge_expired(horizon, pages.clone()).await;
        self.call(purge, |_| Some(Step::Purged(horizon))).await
    }
}
