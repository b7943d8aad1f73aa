//! Stores that are wrong in one way each. A property that still holds over its mutated store shows nothing, so every
//! property is also run here and must fail.

use crate::memory::{MemoryStore, Rows, is_named};
use auth101_core::{
    Timestamp,
    domain::{
        account::Credentials,
        email::Email,
        identifier::{SessionId, TokenId, UserId},
        session::{NewSession, Session, SessionReference},
        user::User,
    },
    port::{Horizon, Opened, Opening, Pages, Purged, Registration, Rotated, Rotation, SignUp, Store, StoreError},
    time::Resolution,
};
use sha2::{Digest, Sha256};

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutation {
    /// A replay within the grace period writes a second row with a token of its own.
    ReplayMintsSibling,
    /// Every token is rotated at once, those from a rotation too.
    NoPacing,
    /// Tokens from a rotation are rotated that many microseconds before the grace period is over.
    PaceShorterBy(i64),
    /// Reuse is refused and the session lives on.
    ReuseOnlyRefused,
    /// Any superseded token is accepted while the last rotation is within the grace period.
    AnyAncestorAccepted,
    /// A replay makes the row look just rotated.
    ReplayTouches,
    /// What this very request wrote is not recognised: the grace interval of g = 0 is empty.
    OwnStampIgnored,
    /// A refresh of a session that is gone writes it again.
    RefreshUpserts,
    /// A refresh rotates whatever the user's state.
    NoActiveGuard,
    /// A token without `sid` closes the row that holds it, and not the one that holds its successor.
    RevokeByTokenOnly,
    /// The successor depends on a key.
    SuccessorKeyedBy(&'static str),
    /// Reuse is found by one batch and ended by another.
    EndsInSecondBatch,
    /// The row is answered as if the request had written it.
    StampOfRequest,
    /// The absolute lifetime is not looked at.
    NoBirthGuard,
    /// The hash is replaced whatever it is now.
    UnguardedRehash,
    /// A session is opened whatever became of the password and the user.
    UnguardedOpening,
    /// The purge removes what has less than a second to live.
    PurgesEarly,
    /// The purge removes what it found to be over, whatever has become of it since.
    PurgeGuardedInSubSelect,
}

/// The store in memory with one mutation.
#[derive(Clone, Debug)]
pub struct MutatedStore {
    inner: MemoryStore,
    mutation: Mutation,
}

impl MutatedStore {
    /// Breaks the store in one way.
    #[must_use]
    pub const fn new(inner: MemoryStore, mutation: Mutation) -> Self {
        Self { inner, mutation }
    }

    /// The rows beneath.
    #[must_use]
    pub const fn memory(&self) -> &MemoryStore {
        &self.inner
    }

    /// The arguments of a refresh as the mutation has them.
    fn mutated(&self, rotation: &Rotation) -> Rotation {
        let mut rotation = rotation.clone();
        let was_paced = rotation.paced_before < Timestamp::FAR_FUTURE;
        match self.mutation {
            Mutation::NoPacing => rotation.paced_before = Timestamp::FAR_FUTURE,
            Mutation::PaceShorterBy(micros) if was_paced => {
                rotation.paced_before = Timestamp::from_micros(rotation.paced_before.micros() + micros);
            }
            Mutation::OwnStampIgnored if rotation.grace_from == rotation.grace_until => {
                rotation.grace_from = Timestamp::FAR_FUTURE;
            }
            Mutation::NoBirthGuard => rotation.horizon.born = Timestamp::EPOCH,
            Mutation::SuccessorKeyedBy(key) => {
                let digest = Sha256::new().chain_update(key).chain_update(rotation.presented.as_str()).finalize();
                let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
                rotation.successor = TokenId::new(hex);
            }
            _ => {}
        }
        rotation
    }

    fn refresh_rows(&self, rows: &mut Rows, original: &Rotation) -> Rotated {
        let rotation = &self.mutated(original);
        let held = rows.read(&rotation.session).map(|(session, _)| session);
        let in_grace =
            |session: &Session| session.updated_at >= rotation.grace_from && session.updated_at <= rotation.grace_until;
        match (self.mutation, &held) {
            (Mutation::ReplayMintsSibling, Some(session))
                if session.token == rotation.successor && in_grace(session) =>
            {
                let mut sibling = session.clone();
                sibling.id = SessionId::new(format!("{}-{}", session.id.as_str(), rows.sessions.len()));
                sibling.token = TokenId::new(format!("{}-{}", session.token.as_str(), rows.sessions.len()));
                rows.sessions.push(NewSession { session: sibling.clone(), client: Default::default() });
                let user = rows.users.iter().find(|user| user.id == sibling.user_id).cloned();
                // The core accepts its own successor only: to the client the sibling differs by its `sid`.
                sibling.token = rotation.successor.clone();
                return Rotated { reuse_ended_session: false, row: Some((sibling, user)) };
            }
            (Mutation::RefreshUpserts, None) => {
                if let SessionReference::Id(id) = &rotation.session {
                    let now = rotation.horizon.now;
                    let session = Session {
                        id: id.clone(),
                        token: rotation.successor.clone(),
                        user_id: rotation.user_id.clone(),
                        expires_at: rotation.expires_at,
                        created_at: now,
                        updated_at: now,
                    };
                    rows.sessions.push(NewSession { session, client: Default::default() });
                }
            }
            (Mutation::AnyAncestorAccepted, Some(session))
                if session.token != rotation.presented && in_grace(session) =>
            {
                let (mut session, user) = rows.read(&rotation.session).unwrap_or((session.clone(), None));
                session.token = rotation.successor.clone();
                return Rotated { reuse_ended_session: false, row: Some((session, user)) };
            }
            (Mutation::ReuseOnlyRefused, _) => {
                rows.rotate(rotation);
                let row = rows.read(&rotation.session);
                rows.remove_if_over(rotation);
                return Rotated { reuse_ended_session: false, row };
            }
            (Mutation::NoActiveGuard, _) => {
                let ended = rows.end_reused(rotation);
                for NewSession { session, .. } in &mut rows.sessions {
                    if Rows::may_rotate(session, rotation) {
                        session.token = rotation.successor.clone();
                        session.updated_at = rotation.horizon.now;
                        session.expires_at = rotation.expires_at;
                    }
                }
                return Rotated { reuse_ended_session: ended, row: rows.read(&rotation.session) };
            }
            _ => {}
        }
        let mut rotated = rows.refresh(rotation);
        if let Some((session, _)) = &mut rotated.row {
            match self.mutation {
                Mutation::ReplayTouches if session.token == rotation.successor => {
                    session.updated_at = rotation.horizon.now;
                    let touched = rows.sessions.iter_mut().find(|row| row.session.id == session.id);
                    touched.into_iter().for_each(|row| row.session.updated_at = rotation.horizon.now);
                }
                Mutation::StampOfRequest => session.updated_at = rotation.horizon.now,
                // The core knows its own successor only; what is stored stays keyed.
                Mutation::SuccessorKeyedBy(_) if session.token == rotation.successor => {
                    session.token = original.successor.clone();
                }
                // The row is over for the core, which the mutation would not have it know.
                Mutation::NoBirthGuard if original.horizon.has_passed(session) => {
                    session.created_at = original.horizon.now;
                }
                _ => {}
            }
        }
        rotated
    }
}

impl Store for MutatedStore {
    fn resolution(&self) -> Resolution {
        self.inner.resolution()
    }

    async fn create_user(&self, sign_up: &SignUp) -> Result<Registration, StoreError> {
        self.inner.create_user(sign_up).await
    }

    async fn credentials_by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        self.inner.credentials_by_email(email).await
    }

    async fn open_session(&self, opening: &Opening) -> Result<Opened, StoreError> {
        match self.mutation {
            Mutation::UnguardedOpening => {
                self.inner.step(|rows| rows.insert_session(&opening.session)).await;
                Ok(Opened::Open)
            }
            Mutation::UnguardedRehash => {
                let opened = self.inner.open_session(opening).await?;
                let account_id = opening.verified.account_id.as_str();
                if let Some(rehash) = &opening.rehash {
                    let overwrite = |rows: &mut Rows| {
                        let accounts = rows.accounts.iter_mut().filter(|row| row.id == account_id);
                        accounts.for_each(|row| row.password = Some(rehash.password_hash.expose().clone()));
                    };
                    self.inner.step(overwrite).await;
                }
                Ok(opened)
            }
            _ => self.inner.open_session(opening).await,
        }
    }

    async fn refresh_session(&self, rotation: &Rotation) -> Result<Rotated, StoreError> {
        if self.mutation == Mutation::EndsInSecondBatch {
            let first = |rows: &mut Rows| {
                rows.rotate(rotation);
                rows.read(&rotation.session)
            };
            let found = self.inner.step(first).await;
            let reuse_ended_session = self.inner.step(|rows| rows.end_reused(rotation)).await;
            return Ok(Rotated { reuse_ended_session, row: if reuse_ended_session { None } else { found } });
        }
        Ok(self.inner.step(|rows| self.refresh_rows(rows, rotation)).await)
    }

    async fn user_of_session(
        &self,
        user: &UserId,
        session: Option<&SessionId>,
    ) -> Result<Option<(User, Option<Session>)>, StoreError> {
        self.inner.user_of_session(user, session).await
    }

    async fn close_session(&self, user: &UserId, session: &SessionReference) -> Result<bool, StoreError> {
        if let (Mutation::RevokeByTokenOnly, SessionReference::Token { token, .. }) = (self.mutation, session) {
            let reference = SessionReference::Token { token: token.clone(), successor: token.clone() };
            return self.inner.close_session(user, &reference).await;
        }
        self.inner.close_session(user, session).await
    }

    async fn purge_expired(&self, horizon: Horizon, pages: Pages) -> Result<Purged, StoreError> {
        if self.mutation == Mutation::PurgeGuardedInSubSelect {
            let is_over = |row: &&NewSession| horizon.has_passed(&row.session);
            let ids = |rows: &mut Rows| -> Vec<SessionId> {
                rows.sessions.iter().filter(is_over).map(|row| row.session.id.clone()).collect()
            };
            let over = self.inner.step(ids).await;
            self.inner.step(|rows| rows.sessions.retain(|row| !over.contains(&row.session.id))).await;
            return Ok(Purged { removed: over.len() as u64, next: None });
        }
        let early = match self.mutation {
            Mutation::PurgesEarly => Timestamp::from_micros(horizon.now.micros() + 999_999),
            _ => horizon.now,
        };
        self.inner.purge_expired(Horizon { now: early, ..horizon }, pages).await
    }
}

/// The reference's order of steps, each a transaction of its own: what a port of its four stores would do. A sign-up
/// that dies halfway leaves a user without an account, and racing refreshes fork the session.
#[derive(Clone, Debug, Default)]
pub struct NonAtomicStore {
    inner: MemoryStore,
}

impl NonAtomicStore {
    /// The rows beneath.
    #[must_use]
    pub const fn memory(&self) -> &MemoryStore {
        &self.inner
    }
}

impl Store for NonAtomicStore {
    fn resolution(&self) -> Resolution {
        self.inner.resolution()
    }

    async fn create_user(&self, sign_up: &SignUp) -> Result<Registration, StoreError> {
        let SignUp { user, account, session } = sign_up;
        let taken = |rows: &mut Rows| rows.users.iter().any(|row| row.email == user.email);
        if self.inner.step(taken).await {
            return Ok(Registration::EmailTaken);
        }
        self.inner.step(|rows| rows.users.push(user.clone())).await;
        let row = crate::tables::AccountRow::credential(
            account.id.as_str(),
            user,
            Some(account.password_hash.expose()),
            account.created_at,
        );
        self.inner.step(|rows| rows.accounts.push(row)).await;
        self.inner.step(|rows| rows.insert_session(session)).await;
        Ok(Registration::Created)
    }

    async fn credentials_by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        self.inner.credentials_by_email(email).await
    }

    async fn open_session(&self, opening: &Opening) -> Result<Opened, StoreError> {
        self.inner.open_session(opening).await
    }

    async fn refresh_session(&self, rotation: &Rotation) -> Result<Rotated, StoreError> {
        let found = self.inner.step(|rows| rows.read(&rotation.session)).await;
        let Some((session, user)) = found.filter(|(session, _)| session.token == rotation.presented) else {
            return Ok(Rotated { reuse_ended_session: false, row: None });
        };
        self.inner.step(|rows| rows.sessions.retain(|row| !is_named(&row.session, &rotation.session))).await;
        let replacement = |rows: &mut Rows| {
            let id = format!("{}-{}", rotation.successor.as_str(), self.inner.steps());
            let now = rotation.horizon.now;
            let rotated = Session {
                id: SessionId::new(id),
                token: rotation.successor.clone(),
                updated_at: now,
                expires_at: rotation.expires_at,
                ..session.clone()
            };
            rows.sessions.push(NewSession { session: rotated.clone(), client: Default::default() });
            rotated
        };
        let rotated = self.inner.step(replacement).await;
        Ok(Rotated { reuse_ended_session: false, row: Some((rotated, user)) })
    }

    async fn user_of_session(
        &self,
        user: &UserId,
        session: Option<&SessionId>,
    ) -> Result<Option<(User, Option<Session>)>, StoreError> {
        self.inner.user_of_session(user, session).await
    }

    async fn close_session(&self, user: &UserId, session: &SessionReference) -> Result<bool, StoreError> {
        self.inner.close_session(user, session).await
    }

    async fn purge_expired(&self, horizon: Horizon, pages: Pages) -> Result<Purged, StoreError> {
        self.inner.purge_expired(horizon, pages).await
    }
}
