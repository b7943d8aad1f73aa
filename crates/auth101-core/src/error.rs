//! What a flow says when it does not succeed. Wording and status are [`crate::http::error`]'s.

use crate::domain::{email::InvalidEmail, password::InvalidPassword};

/// Why a flow ended without its result. Says what happened; holds no input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthError {
    /// Sign-up without an e-mail address or without a password.
    CredentialsRequired,
    /// Sign-up with an address that breaks the rule.
    InvalidEmail,
    /// Sign-up with a password that breaks the policy.
    InvalidPassword(InvalidPassword),
    /// Sign-up with an address that a user has.
    UserExists,
    /// Sign-in failed, for whatever reason: the reasons are not told apart.
    InvalidCredentials,
    /// Refresh or revoke without a token.
    RefreshTokenRequired,
    /// Not a refresh token of ours, or past its expiry.
    InvalidRefreshToken,
    /// A refresh token of ours that has no identifier.
    RefreshTokenWithoutId,
    /// The session is gone: revoked, ended, or the token superseded for longer than the grace period.
    SessionNotFound,
    /// The session outlived its expiry or its absolute lifetime.
    SessionExpired,
    /// The token's user is gone.
    UserNotFound,
    /// No usable access token, or its session no longer stands.
    Unauthorized,
    /// Sign-out without a token.
    NoToken,
    /// Sign-out with something that is not an access token of ours, or past its expiry.
    InvalidAccessToken,
    /// The database or the source of randomness is away.
    Unavailable,
    /// Too many passwords wait to be hashed.
    Overloaded {
        /// Seconds after which it may be tried again.
        retry_after: u32,
    },
    /// Wrongly set up, or a defect of ours.
    Internal,
}

impl From<InvalidEmail> for AuthError {
    fn from(_: InvalidEmail) -> Self {
        Self::InvalidEmail
    }
}

impl From<InvalidPassword> for AuthError {
    fn from(invalid: InvalidPassword) -> Self {
        Self::InvalidPassword(invalid)
    }
}
