//! What a host provides.
//!
//! The asynchronous ports, [`Store`] and [`PasswordHasher`], are type parameters of [`crate::Auth101`]; the
//! synchronous ones are trait objects. Nothing asks for `Send`: the runtimes are single-threaded.
//!
//! An implementor of [`Store`] keeps one promise above all: **each method is one atomic step**. It happens whole or
//! not at all, whenever its future is dropped, and racing calls behave as if they ran one after the other.

use crate::{
    domain::{
        account::{Credentials, NewAccount, Rehash, StoredPassword},
        email::Email,
        identifier::{SessionId, TokenId, UserId},
        password::Password,
        password_hash::{Argon2Parameters, PasswordHash, SALT_LENGTH, TAG_LENGTH},
        session::{NewSession, Session, SessionReference},
        user::User,
    },
    problem::Problem,
    time::{Resolution, Timestamp},
};
use alloc::string::String;
use core::{fmt, time::Duration};

/// The clock. Asked once a request.
pub trait Clock {
    /// The time in UTC. It must not run ahead of real time: the reference refuses tokens from its future.
    fn now(&self) -> Timestamp;
}

/// The platform's cryptographically secure source of randomness.
pub trait Random {
    /// Fills the whole slice, or fails.
    ///
    /// # Errors
    /// The source failed. The request is then answered 503; there is no weaker source to fall back to.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The source of randomness failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RandomError;

/// Passwords that sign-up refuses, for example those known from breaches.
pub trait Blocklist {
    /// Whether the password is on the list. It is shown as it was sent; do not keep it.
    fn contains(&self, password: &str) -> bool;
}

/// Refuses nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBlocklist;

impl Blocklist for NoBlocklist {
    fn contains(&self, _: &str) -> bool {
        false
    }
}

/// Hashes and verifies. Asynchronous, so that a host can do the work elsewhere: in a worker thread, in a Durable Object.
pub trait PasswordHasher {
    /// The Argon2id tag (version 0x13) of a password.
    ///
    /// # Errors
    /// See [`HasherError`]; the request is answered 503.
    async fn hash(
        &self,
        password: &Password,
        salt: &[u8; SALT_LENGTH],
        parameters: Argon2Parameters,
    ) -> Result<[u8; TAG_LENGTH], HasherError>;

    /// Whether the password is the one that was hashed, compared in constant time.
    ///
    /// # Errors
    /// As for [`PasswordHasher::hash`].
    async fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HasherError>;
}

/// Why a hash was not computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HasherError {
    /// It could not be: for want of memory, for example.
    Failed,
    /// Too much work waits already. A host that lets passwords wait refuses at once what it could not do in time, or under
    /// more load than it can bear it would only do work that nobody waits for any more.
    Overloaded {
        /// Seconds after which it may be tried again.
        retry_after: u32,
    },
}

/// The four tables, cut by what the flows want of them.
pub trait Store {
    /// How finely datetimes are kept. Every time that is bound or compared is floored to it first.
    fn resolution(&self) -> Resolution;

    /// Writes the user, the account and the session: all three, or none because the address is taken. The unique
    /// index on the address decides between racing sign-ups. What the client says of itself is stored without what its
    /// columns cannot hold; where the address or the hash does not fit, this gives [`StoreError::Unfit`]. Run twice with
    /// the same argument (a platform that repeats a batch whose answer was lost), it gives the same answer twice.
    async fn create_user(&self, sign_up: &SignUp) -> Result<Registration, StoreError>;

    /// The user with exactly this address, byte for byte, and the credential account (the oldest, where there are
    /// several).
    async fn credentials_by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;

    /// Writes the session if the user is still active and the account still holds the hash that was verified;
    /// replaces the hash, if asked to; removes the user's sessions that are over. Run twice with the same argument,
    /// it gives the same answer twice.
    async fn open_session(&self, opening: &Opening) -> Result<Opened, StoreError>;

    /// The batch of the paced chain (`docs/sessions.md`): ends the session where the token is a superseded one,
    /// rotates where it is the current one and old enough, reads the row as it then stands, and removes it where it
    /// is over. Run twice with the same argument, the row it reads is the same.
    async fn refresh_session(&self, rotation: &Rotation) -> Result<Rotated, StoreError>;

    /// The user, and the session if it is named and is the user's. `None` when there is no such user.
    async fn user_of_session(
        &self,
        user: &UserId,
        session: Option<&SessionId>,
    ) -> Result<Option<(User, Option<Session>)>, StoreError>;

    /// Removes the session, if it is there and is the user's; whether a row went.
    async fn close_session(&self, user: &UserId, session: &SessionReference) -> Result<bool, StoreError>;

    /// Removes the sessions that are over, page by page in the order of their identifiers: one page a call, so that the
    /// work of a step is bounded and others get their turn between two. Begins with [`Pages::default`], and goes on with
    /// what [`Purged::next`] says. A session that a refresh extends meanwhile is not removed.
    async fn purge_expired(&self, horizon: Horizon, pages: Pages) -> Result<Purged, StoreError>;
}

/// How far a purge has come: sessions with identifiers up to `after` are done, those up to `until` are next. Nothing is
/// next at the beginning, when the first step only looks up where the first page ends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pages {
    /// The last identifier of the page before.
    pub after: String,
    /// The last identifier of the page.
    pub until: String,
}

/// What a step of a purge did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Purged {
    /// How many rows went.
    pub removed: u64,
    /// Where to go on; nothing once all pages are done.
    pub next: Option<Pages>,
}

/// Where sessions end: at or before `now` by their own expiry, or born at or before `born` by the absolute lifetime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Horizon {
    /// The time of the request.
    pub now: Timestamp,
    /// `now` less the absolute lifetime; [`Timestamp::EPOCH`] where there is none.
    pub born: Timestamp,
}

impl Horizon {
    /// Whether the session is over.
    #[must_use]
    pub fn has_passed(&self, session: &Session) -> bool {
        session.expires_at <= self.now || session.created_at <= self.born
    }
}

/// A user with an account and a first session, to be written as one.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// The user; `created_at` and `updated_at` are the account's.
    pub user: User,
    /// The credential.
    pub account: NewAccount,
    /// The session.
    pub session: NewSession,
}

/// How a sign-up ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Registration {
    /// All three rows stand.
    Created,
    /// Another user has the address; nothing was written.
    EmailTaken,
}

/// A session to be opened for a verified password.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The session.
    pub session: NewSession,
    /// The account as it was read; its hash must still stand.
    pub verified: StoredPassword,
    /// A better hash, where one is due.
    pub rehash: Option<Rehash>,
    /// Which of the user's sessions are over.
    pub horizon: Horizon,
}

/// How the opening of a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opened {
    /// The row stands.
    Open,
    /// The password was changed or the user deactivated meanwhile; no session was written.
    Refused,
}

/// The parameters of one refresh. Every time is floored to the store's resolution already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// How the token names its session.
    pub session: SessionReference,
    /// The token's `sub`.
    pub user_id: UserId,
    /// The token's `jti`.
    pub presented: TokenId,
    /// What a rotation makes of it.
    pub successor: TokenId,
    /// The earliest `updated_at` at which a superseded token is still within the grace period.
    pub grace_from: Timestamp,
    /// The latest one: a minute ahead, for rows that a node with a faster clock wrote.
    pub grace_until: Timestamp,
    /// A row is rotated only if its `updated_at` lies before this.
    pub paced_before: Timestamp,
    /// Which sessions are over.
    pub horizon: Horizon,
    /// `expires_at` of the row once rotated.
    pub expires_at: Timestamp,
    /// How long the batch may take from now until it commits, all attempts and waits for locks included. The row is stamped
    /// with the time of the request: if it became visible later than a grace period after that, the caller's own retry
    /// would look like theft. A batch that does not make it writes nothing and is [`StoreError::Unavailable`].
    pub commit_within: Duration,
}

/// What the refresh batch found.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// Whether the first statement ended the session; only the security event asks.
    pub reuse_ended_session: bool,
    /// The row after the writes, with its user if that exists.
    pub row: Option<(Session, Option<User>)>,
}

/// Why a store could not do what it was asked. Holds nothing that a database said about values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreError {
    /// Away, overloaded, or in conflict with other writers for longer than it was retried: 503, try again.
    Unavailable,
    /// Not set up: 500, and the log says what an operator must fix.
    NotSetUp(Problem),
    /// A value is one that its column cannot hold, or cannot be compared with: too long, or of characters that the
    /// character set of the database lacks. A flow that got the value from its caller says what that means; elsewhere
    /// it is a 500.
    Unfit,
    /// A row holds something that cannot be what it should be: 500.
    Unreadable {
        /// The column, by its canonical name, such as `session.expires_at`.
        column: &'static str,
    },
    /// The database refused a statement: a defect of ours. 500.
    Defect,
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => formatter.write_str("the database is unavailable"),
            Self::NotSetUp(problem) => problem.fmt(formatter),
            Self::Unfit => formatter.write_str("a column cannot hold a value"),
            Self::Unreadable { column } => write!(formatter, "a row holds an unreadable value in {column}"),
            Self::Defect => formatter.write_str("the database refused a statement"),
        }
    }
}
