//! The store under the judge's eyes.

use super::oracle::{Oracle, Step};
use crate::{memory::Rows, tables::Tables};
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
use std::{cell::RefCell, rc::Rc};

/// Tells the judge of every step before anybody else gets a turn.
#[derive(Clone)]
pub(super) struct WatchedStore<S, T> {
    pub(super) store: S,
    pub(super) tables: T,
    pub(super) oracle: Rc<RefCell<Oracle>>,
    pub(super) request: usize,
}

/// All rows. The fakes answer at once, so nothing comes in between.
pub(super) async fn all_rows(tables: &impl Tables) -> Rows {
    Rows { users: tables.users().await, accounts: tables.accounts().await, sessions: tables.sessions().await }
}

impl<S: Store, T: Tables> WatchedStore<S, T> {
    async fn tell(&self, step: Step<'_>) {
        let rows = all_rows(&self.tables).await;
        self.oracle.borrow_mut().step(self.request, &step, rows);
    }
}

impl<S: Store, T: Tables> Store for WatchedStore<S, T> {
    fn resolution(&self) -> Resolution {
        self.store.resolution()
    }

    async fn create_user(&self, sign_up: &SignUp) -> Result<Registration, StoreError> {
        let registration = self.store.create_user(sign_up).await?;
        self.tell(Step::Created(sign_up, registration)).await;
        Ok(registration)
    }

    async fn credentials_by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        self.store.credentials_by_email(email).await
    }

    async fn open_session(&self, opening: &Opening) -> Result<Opened, StoreError> {
        let opened = self.store.open_session(opening).await?;
        self.tell(Step::Opened(opening, opened)).await;
        Ok(opened)
    }

    async fn refresh_session(&self, rotation: &Rotation) -> Result<Rotated, StoreError> {
        let rotated = self.store.refresh_session(rotation).await?;
        self.tell(Step::Refreshed(rotation)).await;
        Ok(rotated)
    }

    async fn user_of_session(
        &self,
        user: &UserId,
        session: Option<&SessionId>,
    ) -> Result<Option<(User, Option<Session>)>, StoreError> {
        let found = self.store.user_of_session(user, session).await?;
        self.tell(Step::Read(user, session)).await;
        Ok(found)
    }

    async fn close_session(&self, user: &UserId, session: &SessionReference) -> Result<bool, StoreError> {
        let closed = self.store.close_session(user, session).await?;
        self.tell(Step::Closed(user, session)).await;
        Ok(closed)
    }

    async fn purge_expired(&self, horizon: Horizon, pages: Pages) -> Result<Purged, StoreError> {
        let purged = self.store.purge_expired(horizon, pages).await?;
        self.tell(Step::Purged(horizon)).await;
        Ok(purged)
    }
}
