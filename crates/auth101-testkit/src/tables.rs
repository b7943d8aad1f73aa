//! What an operator, a script or another program does to the tables behind the store's back, and what a test finds
//! there afterwards.

use auth101_core::{
    Secret, Timestamp,
    domain::{
        account::{CREDENTIAL_PROVIDER, StoredPassword},
        identifier::UserId,
        session::NewSession,
        user::User,
    },
};

/// A row of `account`, as far as the flows use it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRow {
    /// The primary key.
    pub id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// The provider's name for the user.
    pub account_id: String,
    /// Which provider.
    pub provider_id: String,
    /// The hash, or NULL.
    pub password: Option<String>,
    /// The oldest account of a provider counts.
    pub created_at: Timestamp,
}

impl AccountRow {
    /// A credential account of this user.
    #[must_use]
    pub fn credential(id: &str, user: &User, password: Option<&str>, created_at: Timestamp) -> Self {
        Self {
            id: id.into(),
            user_id: user.id.clone(),
            account_id: user.email.clone(),
            provider_id: CREDENTIAL_PROVIDER.into(),
            password: password.map(Into::into),
            created_at,
        }
    }
}

/// The tables, past every rule of the store. Rows come ordered by their primary key.
pub trait Tables {
    /// All users.
    async fn users(&self) -> Vec<User>;
    /// All accounts.
    async fn accounts(&self) -> Vec<AccountRow>;
    /// All sessions.
    async fn sessions(&self) -> Vec<NewSession>;
    /// Writes a user as it is.
    async fn put_user(&self, user: &User);
    /// Writes an account as it is.
    async fn put_account(&self, account: &AccountRow);
    /// Writes a session as it is.
    async fn put_session(&self, session: &NewSession);
    /// Activates or deactivates a user.
    async fn set_active(&self, user: &UserId, active: bool);
    /// Changes a user's address, and nothing else.
    async fn set_email(&self, user: &UserId, email: &str);
    /// Changes the hash of a user's accounts, to NULL too.
    async fn set_password(&self, user: &UserId, hash: Option<&str>);
    /// Removes the user's row, and leaves accounts and sessions behind.
    async fn delete_user(&self, user: &UserId);
    /// Removes the user's accounts.
    async fn delete_accounts(&self, user: &UserId);
    /// Removes the user's sessions.
    async fn delete_sessions(&self, user: &UserId);
}

/// Everything that the tables hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rows {
    /// `users`.
    pub users: Vec<User>,
    /// `account`.
    pub accounts: Vec<AccountRow>,
    /// `session`.
    pub sessions: Vec<NewSession>,
}

impl Rows {
    /// Reads the tables.
    pub async fn of(tables: &impl Tables) -> Self {
        Self { users: tables.users().await, accounts: tables.accounts().await, sessions: tables.sessions().await }
    }

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
}
