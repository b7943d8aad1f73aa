//! Security events and faults, for a log. Users and sessions appear as pseudonyms, so that a log can be searched for
//! one user without holding addresses.

use crate::port::StoreError;
use alloc::string::String;

/// A stand-in for an identifier: 16 hexadecimal digits of HMAC-SHA-256 under the current secret. Equal identifiers
/// have equal pseudonyms until the secret is changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pseudonym(pub String);

/// Something worth a line in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A user was created and signed in.
    SignedUp {
        /// The new user.
        user: Pseudonym,
        /// The first session.
        session: Pseudonym,
    },
    /// A sign-in succeeded.
    SignedIn {
        /// Who.
        user: Pseudonym,
        /// The new session.
        session: Pseudonym,
        /// Whether the stored hash was replaced by one with the configured parameters.
        rehashed: bool,
    },
    /// A sign-in failed.
    SignInFailed {
        /// The address that was tried.
        email: Pseudonym,
        /// Why; the answer does not say.
        reason: SignInFailure,
    },
    /// A refresh token was rotated.
    Refreshed {
        /// Which session.
        session: Pseudonym,
    },
    /// A refresh token was presented again within the grace period, by racing tabs, a lost answer or a thief.
    RefreshReplayed {
        /// Which session.
        session: Pseudonym,
    },
    /// A superseded refresh token was presented after the grace period: it was copied. The session has been ended.
    RefreshReuseDetected {
        /// Whose session it was.
        user: Pseudonym,
    },
    /// A session was revoked.
    SessionRevoked {
        /// Whose.
        user: Pseudonym,
    },
    /// A user signed out.
    SignedOut {
        /// Who.
        user: Pseudonym,
    },
    /// The request failed for a reason that an operator must look at.
    Fault(Fault),
}

/// Why a sign-in failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignInFailure {
    /// Nobody has the address.
    UnknownEmail,
    /// The user has no credential account, or it has no password.
    NoPassword,
    /// The stored hash is of no kind that is verified here, or beyond the configured bounds.
    UnreadableHash,
    /// The password is wrong.
    WrongPassword,
    /// The user is deactivated.
    Inactive,
    /// The password was changed or the user deactivated while the password was being verified.
    Overtaken,
}

/// What went wrong on our side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The database.
    Store(StoreError),
    /// The source of randomness.
    Random,
    /// The password hash could not be computed.
    Hasher,
    /// A token could not be made.
    Token,
}

impl Event {
    /// The name under which the event is logged.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SignedUp { .. } => "signed_up",
            Self::SignedIn { .. } => "signed_in",
            Self::SignInFailed { .. } => "sign_in_failed",
            Self::Refreshed { .. } => "refreshed",
            Self::RefreshReplayed { .. } => "refresh_replayed",
            Self::RefreshReuseDetected { .. } => "refresh_reuse_detected",
            Self::SessionRevoked { .. } => "session_revoked",
            Self::SignedOut { .. } => "signed_out",
            Self::Fault(_) => "fault",
        }
    }
}

impl SignInFailure {
    /// The name under which the reason is logged.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownEmail => "unknown_email",
            Self::NoPassword => "no_password",
            Self::UnreadableHash => "unreadable_hash",
            Self::WrongPassword => "wrong_password",
            Self::Inactive => "inactive",
            Self::Overtaken => "overtaken",
        }
    }
}
