//! Rows and arguments for tests that speak to a store directly.

use crate::{clock::TestClock, tables::AccountRow};
use auth101_core::{
    Secret, Timestamp,
    domain::{
        account::{NewAccount, Rehash, StoredPassword},
        identifier::{AccountId, SessionId, TokenId, UserId},
        session::{Client, NewSession, Session, SessionReference},
        user::User,
    },
    port::{Clock, Horizon, Opening, Rotation, SignUp},
    token::successor::successor,
};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Lifetime of a refresh token in these tests, in seconds.
pub const REFRESH_SECONDS: i64 = 3_600;
/// The grace period in these tests, in seconds.
pub const GRACE_SECONDS: i64 = 10;
/// How far ahead a row may have been written, in seconds.
pub const SKEW_SECONDS: i64 = 60;

/// When these tests begin: with a fraction of a second.
#[must_use]
pub fn start() -> Timestamp {
    TestClock::default().now()
}

/// The time that many microseconds later.
#[must_use]
pub fn later(time: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(time.micros() + micros)
}

/// A user by a short name.
#[must_use]
pub fn user(name: &str) -> User {
    User::new(UserId::new(format!("user-{name}")), format!("{name}@example.com"))
}

/// The credential account of a user, by the same short name.
#[must_use]
pub fn account(name: &str, hash: &str) -> AccountRow {
    AccountRow::credential(&format!("account-{name}"), &user(name), Some(hash), start())
}

/// A session of a user that begins at that time; its token is of version 4.
#[must_use]
pub fn session(name: &str, of: &str, now: Timestamp) -> NewSession {
    let session = Session {
        id: SessionId::new(format!("session-{name}")),
        token: first_token(name),
        user_id: user(of).id,
        expires_at: now.plus_seconds(REFRESH_SECONDS),
        created_at: now,
        updated_at: now,
    };
    NewSession { session, client: Client { ip_address: Some("192.0.2.1".into()), user_agent: None } }
}

/// The token that the session of this name begins with.
#[must_use]
pub fn first_token(name: &str) -> TokenId {
    let digest = Sha256::digest(name);
    let digits: String = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    TokenId::new(format!("00000000-0000-4000-8000-{digits}"))
}

/// The whole of a sign-up, with a first session of the same name.
#[must_use]
pub fn sign_up(name: &str, hash: &str) -> SignUp {
    let AccountRow { id, user_id, created_at, .. } = account(name, hash);
    let account = NewAccount { id: AccountId::new(id), user_id, password_hash: Secret::new(hash.into()), created_at };
    SignUp { user: user(name), account, session: session(name, name, start()) }
}

/// Sessions end at this time, and have no absolute lifetime.
#[must_use]
pub const fn horizon(now: Timestamp) -> Horizon {
    Horizon { now, born: Timestamp::EPOCH }
}

/// The opening of a session for a user whose account holds that hash.
#[must_use]
pub fn opening(session_name: &str, of: &str, verified: &str, rehash: Option<&str>, now: Timestamp) -> Opening {
    Opening {
        session: session(session_name, of, now),
        verified: StoredPassword {
            account_id: AccountId::new(account(of, "").id),
            hash: Some(Secret::new(verified.into())),
        },
        rehash: rehash.map(|hash| Rehash { password_hash: Secret::new(hash.into()) }),
        horizon: horizon(now),
    }
}

/// The presentation of a token, by the rules of the paced chain.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// How the token names its session.
    pub session: SessionReference,
    /// Whose it says it is.
    pub user_id: UserId,
    /// Which token.
    pub token: TokenId,
    /// The clock of the node.
    pub now: Timestamp,
    /// The grace period in seconds.
    pub grace: i64,
    /// The absolute lifetime in seconds.
    pub absolute: Option<i64>,
    /// How long the batch may take.
    pub commit_within: Duration,
}

impl Presentation {
    /// A token of the session of this name and user.
    #[must_use]
    pub fn new(session_name: &str, of: &str, token: &TokenId, now: Timestamp) -> Self {
        Self {
            session: SessionReference::Id(SessionId::new(format!("session-{session_name}"))),
            user_id: user(of).id,
            token: token.clone(),
            now,
            grace: GRACE_SECONDS,
            absolute: None,
            commit_within: Duration::from_secs(5),
        }
    }

    /// The same without `sid`, as the Python package mints them.
    #[must_use]
    pub fn without_sid(self) -> Self {
        let session = SessionReference::Token { token: self.token.clone(), successor: successor(&self.token) };
        Self { session, ..self }
    }

    /// The arguments of the batch.
    #[must_use]
    pub fn rotation(&self) -> Rotation {
        let Self { now, grace, .. } = *self;
        let (grace_from, grace_until) =
            if grace > 0 { (now.minus_seconds(grace), now.plus_seconds(SKEW_SECONDS)) } else { (now, now) };
        let paced = grace > 0 && self.token.is_from_rotation();
        Rotation {
            session: self.session.clone(),
            user_id: self.user_id.clone(),
            presented: self.token.clone(),
            successor: successor(&self.token),
            grace_from,
            grace_until,
            paced_before: if paced { grace_from } else { Timestamp::FAR_FUTURE },
            horizon: Horizon {
                now,
                born: self.absolute.map_or(Timestamp::EPOCH, |seconds| now.minus_seconds(seconds)),
            },
            expires_at: now.plus_seconds(REFRESH_SECONDS),
            commit_within: self.commit_within,
        }
    }
}
