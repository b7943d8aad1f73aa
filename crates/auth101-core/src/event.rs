//! Security events and faults, for a log. Users and sessions appear as pseudonyms, so that a log can be searched for
//! one user without holding addresses.

use crate::{
    port::{HasherError, StoreError},
    problem::Problem,
};
use alloc::string::String;
use serde_json::{Value, json};

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

/// Told of everything that a security log wants to hold, and of faults that an operator must look at.
pub trait Observer {
    /// Called during the request; must not block and cannot fail.
    fn observe(&self, event: &Event);
}

/// Observes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn observe(&self, _: &Event) {}
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
    /// The password hash was not computed.
    Hasher(HasherError),
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

    /// The event as an object: what a host logs as one line. A fault that an operator can fix has `subject` and
    /// `problem`; a host adds to them how to fix it there, by [`Event::to_json_with_remedy`].
    #[must_use]
    pub fn to_json(&self) -> Value {
        let name = self.name();
        match self {
            Self::SignedUp { user, session } => json!({ "event": name, "user": user.0, "session": session.0 }),
            Self::SignedIn { user, session, rehashed } => {
                json!({ "event": name, "user": user.0, "session": session.0, "rehashed": rehashed })
            }
            Self::SignInFailed { email, reason } => json!({ "event": name, "email": email.0, "reason": reason.name() }),
            Self::Refreshed { session } | Self::RefreshReplayed { session } => {
                json!({ "event": name, "session": session.0 })
            }
            Self::RefreshReuseDetected { user } | Self::SessionRevoked { user } | Self::SignedOut { user } => {
                json!({ "event": name, "user": user.0 })
            }
            Self::Fault(fault) => fault.to_json(),
        }
    }
}

/// The object of a service that cannot serve as it is configured: what is missing or wrong, and the command or the line
/// that fixes it.
#[must_use]
pub fn not_set_up(subject: &str, problem: &str, remedy: &str) -> Value {
    json!({ "event": "fault", "fault": "not_set_up", "subject": subject, "problem": problem, "remedy": remedy })
}

impl Event {
    /// The object of an event for a host that knows how to fix the set-up of its database: `remedy` gives the command or
    /// the line, which the object holds besides what [`Event::to_json`] says.
    #[must_use]
    pub fn to_json_with_remedy(&self, remedy: impl FnOnce(&Problem) -> String) -> Value {
        let mut object = self.to_json();
        if let Self::Fault(Fault::Store(StoreError::NotSetUp(problem))) = self
            && let Some(members) = object.as_object_mut()
        {
            members.insert("remedy".into(), remedy(problem).into());
        }
        object
    }
}

impl Fault {
    /// The name under which the fault is logged.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Unavailable) => "database_unavailable",
            Self::Store(StoreError::NotSetUp(_)) => "not_set_up",
            Self::Store(StoreError::Unreadable { .. }) => "unreadable_row",
            Self::Store(StoreError::Unfit) => "unfit_value",
            Self::Store(StoreError::Defect) => "statement_refused",
            Self::Random => "no_randomness",
            Self::Hasher(HasherError::Failed) => "hash_failed",
            Self::Hasher(HasherError::Overloaded { .. }) => "overloaded",
            Self::Token => "token_failed",
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Store(StoreError::NotSetUp(problem)) => json!({
                "event": "fault",
                "fault": self.name(),
                "cause": problem.cause.name(),
                "subject": problem.subject(),
                "problem": problem.cause.describe(),
            }),
            Self::Store(StoreError::Unreadable { column }) => {
                json!({ "event": "fault", "fault": self.name(), "column": column })
            }
            fault => json!({ "event": "fault", "fault": fault.name() }),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Cause;
    use alloc::{borrow::ToOwned, format, string::ToString};

    #[test]
    fn an_event_is_one_line() {
        let pseudonym = || Pseudonym("0123456789abcdef".to_owned());
        let event = Event::SignedIn { user: pseudonym(), session: pseudonym(), rehashed: false };
        let line = event.to_json().to_string();
        assert!(!line.contains('\n'));
        assert!(line.contains("\"event\":\"signed_in\""), "{line}");
    }

    #[test]
    fn a_missing_table_is_named() {
        let missing = StoreError::NotSetUp(Problem::new(Cause::MissingTable, "session"));
        let object = Event::Fault(Fault::Store(missing)).to_json();
        assert_eq!(object["subject"], "session");
        assert_eq!(object["problem"], "is a table that the database does not have");
        assert_eq!(object.get("remedy"), None);
    }

    #[test]
    fn a_missing_table_is_named_with_what_the_host_knows_to_do() {
        let missing =
            |name: &str| Event::Fault(Fault::Store(StoreError::NotSetUp(Problem::new(Cause::MissingTable, name))));
        let object = missing("session").to_json_with_remedy(|problem| format!("make {}", problem.subject()));
        assert_eq!(object["fault"], "not_set_up");
        assert_eq!(object["subject"], "session");
        assert_eq!(object["remedy"], "make session");
        assert_eq!(missing("").to_json_with_remedy(|_| String::new())["subject"], "(unnamed)");
        let other = Event::Fault(Fault::Random);
        assert_eq!(other.to_json_with_remedy(|_| String::new()), other.to_json());
    }
}
