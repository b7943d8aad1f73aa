//! A store in memory: the semantic twin of the SQL, step by step.

use crate::{
    executor::{block_on, give_way},
    tables::{AccountRow, Tables},
};
use auth101_core::{
    Secret, Timestamp,
    domain::{
        account::{CREDENTIAL_PROVIDER, Credentials, StoredPassword},
        email::Email,
        identifier::{AccountId, SessionId, UserId},
        session::{NewSession, Session, SessionReference},
        user::User,
    },
    port::{Horizon, Opened, Opening, Pages, Purged, Registration, Rotated, Rotation, SignUp, Store, StoreError},
    time::Resolution,
};
use std::{
    cell::{Cell, RefCell, RefMut},
    rc::Rc,
};

/// The rows, and the single steps that the batches are made of. Every step does what one statement does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rows {
    /// `users`.
    pub users: Vec<User>,
    /// `account`.
    pub accounts: Vec<AccountRow>,
    /// `session`.
    pub sessions: Vec<NewSession>,
}

/// Whether a session is the one that a token names.
#[must_use]
pub fn is_named(session: &Session, reference: &SessionReference) -> bool {
    match reference {
        SessionReference::Id(id) => session.id == *id,
        SessionReference::Token { token, successor } => session.token == *token || session.token == *successor,
    }
}

impl Rows {
    /// Whether the user exists and is active.
    #[must_use]
    pub fn is_active(&self, user: &UserId) -> bool {
        self.users.iter().any(|row| row.id == *user && row.is_active)
    }

    /// Whether the account still holds the hash that was verified.
    #[must_use]
    pub fn still_holds(&self, verified: &StoredPassword) -> bool {
        self.accounts.iter().any(|row| {
            row.id == verified.account_id.as_str()
                && row.password.is_some()
                && row.password.as_ref() == verified.hash.as_ref().map(Secret::expose)
        })
    }

    /// Writes the session unless a row has its identifier.
    pub fn insert_session(&mut self, new: &NewSession) {
        if !self.sessions.iter().any(|row| row.session.id == new.session.id) {
            self.sessions.push(new.clone());
        }
    }

    /// The first statement of a refresh: ends the session where the token is a superseded one.
    pub fn end_reused(&mut self, rotation: &Rotation) -> bool {
        let before = self.sessions.len();
        self.sessions.retain(|row| {
            let session = &row.session;
            let in_grace = session.token == rotation.successor
                && session.updated_at >= rotation.grace_from
                && session.updated_at <= rotation.grace_until;
            !(is_named(session, &rotation.session)
                && session.user_id == rotation.user_id
                && session.token != rotation.presented
                && !in_grace)
        });
        self.sessions.len() < before
    }

    /// Whether the second statement of a refresh rotates this row, its user being active.
    #[must_use]
    pub fn may_rotate(session: &Session, rotation: &Rotation) -> bool {
        is_named(session, &rotation.session)
            && session.token == rotation.presented
            && session.user_id == rotation.user_id
            && !rotation.horizon.has_passed(session)
            && (session.updated_at < rotation.paced_before || session.updated_at > rotation.grace_until)
    }

    /// The second statement of a refresh.
    pub fn rotate(&mut self, rotation: &Rotation) {
        if !self.is_active(&rotation.user_id) {
            return;
        }
        for NewSession { session, .. } in &mut self.sessions {
            if Self::may_rotate(session, rotation) {
                session.token = rotation.successor.clone();
                session.updated_at = rotation.horizon.now;
                session.expires_at = rotation.expires_at;
            }
        }
    }

    /// The third statement of a refresh: the row as it now stands.
    #[must_use]
    pub fn read(&self, reference: &SessionReference) -> Option<(Session, Option<User>)> {
        let row = self.sessions.iter().find(|row| is_named(&row.session, reference))?;
        let user = self.users.iter().find(|user| user.id == row.session.user_id);
        Some((row.session.clone(), user.cloned()))
    }

    /// The fourth statement of a refresh: removes what was just read as over.
    pub fn remove_if_over(&mut self, rotation: &Rotation) {
        self.sessions
            .retain(|row| !(is_named(&row.session, &rotation.session) && rotation.horizon.has_passed(&row.session)));
    }

    /// The whole batch of a refresh.
    pub fn refresh(&mut self, rotation: &Rotation) -> Rotated {
        let reuse_ended_session = self.end_reused(rotation);
        self.rotate(rotation);
        let row = self.read(&rotation.session);
        self.remove_if_over(rotation);
        Rotated { reuse_ended_session, row }
    }

    fn create_user(&mut self, sign_up: &SignUp) -> Registration {
        let SignUp { user, account, session } = sign_up;
        match self.users.iter().find(|row| row.email == user.email) {
            Some(holder) if holder.id != user.id => return Registration::EmailTaken,
            Some(_) => {}
            None => self.users.push(user.clone()),
        }
        if !self.accounts.iter().any(|row| row.id == account.id.as_str()) {
            let hash = account.password_hash.expose();
            self.accounts.push(AccountRow::credential(account.id.as_str(), user, Some(hash), account.created_at));
        }
        self.insert_session(session);
        Registration::Created
    }

    fn credentials_by_email(&self, email: &Email) -> Option<Credentials> {
        let user = self.users.iter().find(|user| user.email == email.as_str())?.clone();
        let account = self
            .accounts
            .iter()
            .filter(|row| row.user_id == user.id && row.provider_id == CREDENTIAL_PROVIDER)
            .min_by_key(|row| (row.created_at, row.id.clone()))
            .map(|row| StoredPassword {
                account_id: AccountId::new(row.id.clone()),
                hash: row.password.clone().map(Secret::new),
            });
        Some(Credentials { user, account })
    }

    /// Removes the user's sessions that are over.
    pub fn remove_over_of(&mut self, user: &UserId, horizon: Horizon) {
        self.sessions.retain(|row| row.session.user_id != *user || !horizon.has_passed(&row.session));
    }

    fn open_session(&mut self, opening: &Opening) -> Opened {
        let Opening { session: new, verified, rehash, horizon } = opening;
        self.remove_over_of(&new.session.user_id, *horizon);
        if self.is_active(&new.session.user_id) && self.still_holds(verified) {
            self.insert_session(new);
        }
        let stands = self.sessions.iter().any(|row| row.session.id == new.session.id);
        if let (true, Some(rehash)) = (stands && self.still_holds(verified), rehash) {
            for account in self.accounts.iter_mut().filter(|row| row.id == verified.account_id.as_str()) {
                account.password = Some(rehash.password_hash.expose().clone());
            }
        }
        if stands { Opened::Open } else { Opened::Refused }
    }

    /// What a `DATETIME` without a fraction makes of the times that were written: rounded, as MySQL does.
    fn round_to_seconds(&mut self) {
        let round = |time: &mut Timestamp| {
            *time = Timestamp::from_micros(time.micros() + 500_000).floor_to(Resolution::Seconds);
        };
        for NewSession { session, .. } in &mut self.sessions {
            round(&mut session.expires_at);
            round(&mut session.created_at);
            round(&mut session.updated_at);
        }
        self.accounts.iter_mut().for_each(|row| round(&mut row.created_at));
    }
}

/// The store. Each method gives way once and is then one step. Clones share the rows.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    rows: Rc<RefCell<Rows>>,
    steps: Rc<Cell<usize>>,
    announced: Resolution,
    columns: Resolution,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Resolution::Microseconds)
    }
}

impl MemoryStore {
    /// An empty store that keeps datetimes this finely, and says so.
    #[must_use]
    pub fn new(resolution: Resolution) -> Self {
        Self { rows: Rc::default(), steps: Rc::default(), announced: resolution, columns: resolution }
    }

    /// Says that it keeps microseconds and rounds to whole seconds all the same: what happens where nobody floors
    /// what is bound to a `DATETIME`.
    #[must_use]
    pub fn that_rounds_unannounced() -> Self {
        Self { columns: Resolution::Seconds, ..Self::new(Resolution::Microseconds) }
    }

    /// How many steps were taken, reads included.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps.get()
    }

    /// The rows as they stand.
    #[must_use]
    pub fn rows(&self) -> Rows {
        self.rows.borrow().clone()
    }

    /// Gives way, then does something to the rows that nobody else sees half done.
    pub async fn step<T>(&self, act: impl FnOnce(&mut Rows) -> T) -> T {
        give_way().await;
        self.steps.set(self.steps.get() + 1);
        self.at_once(act)
    }

    fn at_once<T>(&self, act: impl FnOnce(&mut Rows) -> T) -> T {
        let mut rows: RefMut<'_, Rows> = self.rows.borrow_mut();
        let result = act(&mut rows);
        if self.columns == Resolution::Seconds {
            rows.round_to_seconds();
        }
        result
    }
}

impl Store for MemoryStore {
    fn resolution(&self) -> Resolution {
        self.announced
    }

    async fn create_user(&self, sign_up: &SignUp) -> Result<Registration, StoreError> {
        Ok(self.step(|rows| rows.create_user(sign_up)).await)
    }

    async fn credentials_by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        Ok(self.step(|rows| rows.credentials_by_email(email)).await)
    }

    async fn open_session(&self, opening: &Opening) -> Result<Opened, StoreError> {
        Ok(self.step(|rows| rows.open_session(opening)).await)
    }

    async fn refresh_session(&self, rotation: &Rotation) -> Result<Rotated, StoreError> {
        Ok(self.step(|rows| rows.refresh(rotation)).await)
    }

    async fn user_of_session(
        &self,
        user: &UserId,
        session: Option<&SessionId>,
    ) -> Result<Option<(User, Option<Session>)>, StoreError> {
        let read = |rows: &mut Rows| {
            let user = rows.users.iter().find(|row| row.id == *user)?.clone();
            let named = |row: &&NewSession| Some(&row.session.id) == session && row.session.user_id == user.id;
            let session = rows.sessions.iter().find(named).map(|row| row.session.clone());
            Some((user, session))
        };
        Ok(self.step(read).await)
    }

    async fn close_session(&self, user: &UserId, session: &SessionReference) -> Result<bool, StoreError> {
        let close = |rows: &mut Rows| {
            let before = rows.sessions.len();
            rows.sessions.retain(|row| row.session.user_id != *user || !is_named(&row.session, session));
            rows.sessions.len() < before
        };
        Ok(self.step(close).await)
    }

    async fn purge_expired(&self, horizon: Horizon, _: Pages) -> Result<Purged, StoreError> {
        let purge = |rows: &mut Rows| {
            let before = rows.sessions.len();
            rows.sessions.retain(|row| !horizon.has_passed(&row.session));
            (before - rows.sessions.len()) as u64
        };
        Ok(Purged { removed: self.step(purge).await, next: None })
    }
}

impl Tables for MemoryStore {
    async fn users(&self) -> Vec<User> {
        let mut users = self.rows().users;
        users.sort_by_key(|row| row.id.clone());
        users
    }

    async fn accounts(&self) -> Vec<AccountRow> {
        let mut accounts = self.rows().accounts;
        accounts.sort_by_key(|row| row.id.clone());
        accounts
    }

    async fn sessions(&self) -> Vec<NewSession> {
        let mut sessions = self.rows().sessions;
        sessions.sort_by_key(|row| row.session.id.clone());
        sessions
    }

    async fn put_user(&self, user: &User) {
        self.at_once(|rows| rows.users.push(user.clone()));
    }

    async fn put_account(&self, account: &AccountRow) {
        self.at_once(|rows| rows.accounts.push(account.clone()));
    }

    async fn put_session(&self, session: &NewSession) {
        self.at_once(|rows| rows.sessions.push(session.clone()));
    }

    async fn set_active(&self, user: &UserId, active: bool) {
        self.at_once(|rows| {
            rows.users.iter_mut().filter(|row| row.id == *user).for_each(|row| row.is_active = active);
        });
    }

    async fn set_email(&self, user: &UserId, email: &str) {
        self.at_once(|rows| {
            rows.users.iter_mut().filter(|row| row.id == *user).for_each(|row| row.email = email.into());
        });
    }

    async fn set_password(&self, user: &UserId, hash: Option<&str>) {
        self.at_once(|rows| {
            let accounts = rows.accounts.iter_mut().filter(|row| row.user_id == *user);
            accounts.for_each(|row| row.password = hash.map(Into::into));
        });
    }

    async fn delete_user(&self, user: &UserId) {
        self.at_once(|rows| rows.users.retain(|row| row.id != *user));
    }

    async fn delete_accounts(&self, user: &UserId) {
        self.at_once(|rows| rows.accounts.retain(|row| row.user_id != *user));
    }

    async fn delete_sessions(&self, user: &UserId) {
        self.at_once(|rows| rows.sessions.retain(|row| row.session.user_id != *user));
    }
}

/// The sessions of any tables, without waiting: for tests that hold no executor.
pub fn sessions_of(tables: &impl Tables) -> Vec<Session> {
    block_on(tables.sessions()).into_iter().map(|row| row.session).collect()
}
