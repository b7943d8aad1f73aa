//! What keeps a database from serving until an operator acts.

use alloc::string::String;
use core::fmt;

/// A mistake in the set-up of a database. It does not pass by itself: the request is answered 500, and the log names the
/// subject and the problem. A host adds the remedy, which differs from platform to platform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// What kind of mistake it is.
    pub cause: Cause,
    /// The name of the table, column, user, database or file in question; never a value. Empty where the database does
    /// not tell, or tells it in another language than English.
    pub subject: String,
}

/// The kinds of mistakes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// A table is missing.
    MissingTable,
    /// A column is missing.
    MissingColumn,
    /// The server has no database of this name.
    MissingDatabase,
    /// The file, or the directory that it should be created in, cannot be opened or does not exist.
    CannotOpen,
    /// The file, or its directory, cannot be written.
    CannotWrite,
    /// The file is not a database, or is damaged.
    NotADatabase,
    /// The disk, or the space that the database may take, is full.
    DiskFull,
    /// The server does not let the user in: an unknown user, a wrong password or token, or a host that it does not
    /// accept the user from.
    RefusedUser,
    /// The user lacks a right.
    MissingRight,
    /// An index cannot hold values as long as its column allows.
    KeyTooLong,
    /// The server takes no writes: a replica or standby, or one that was set to be read-only.
    ReadOnlyServer,
    /// The two sides do not agree on TLS: one requires it and the other does not offer it, or the certificate does not
    /// verify.
    Tls,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::MissingTable,
        Self::MissingColumn,
        Self::MissingDatabase,
        Self::CannotOpen,
        Self::CannotWrite,
        Self::NotADatabase,
        Self::DiskFull,
        Self::RefusedUser,
        Self::MissingRight,
        Self::KeyTooLong,
        Self::ReadOnlyServer,
        Self::Tls,
    ];

    /// The name under which it is logged.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingTable => "missing_table",
            Self::MissingColumn => "missing_column",
            Self::MissingDatabase => "missing_database",
            Self::CannotOpen => "cannot_open",
            Self::CannotWrite => "cannot_write",
            Self::NotADatabase => "not_a_database",
            Self::DiskFull => "disk_full",
            Self::RefusedUser => "refused_user",
            Self::MissingRight => "missing_right",
            Self::KeyTooLong => "key_too_long",
            Self::ReadOnlyServer => "read_only_server",
            Self::Tls => "tls",
        }
    }

    /// What is wrong, as a sentence that lacks its subject.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::MissingTable => "is a table that the database does not have",
            Self::MissingColumn => "is a column that the database does not have",
            Self::MissingDatabase => "is a database that the server does not have",
            Self::CannotOpen => "is a database whose file cannot be opened or created",
            Self::CannotWrite => "is a database whose file or directory cannot be written",
            Self::NotADatabase => "is a file that is not a database, or is damaged",
            Self::DiskFull => "has no room left: the disk, or the space that the database may take, is full",
            Self::RefusedUser => {
                "is refused by the server: the user, the password or the token is wrong, or the server does not let the \
                 user in from here"
            }
            Self::MissingRight => "may not be used as it must be: the user of the database lacks a right",
            Self::KeyTooLong => "has an index that cannot hold values as long as its column allows",
            Self::ReadOnlyServer => "is on a server that takes no writes: a replica, a standby, or set to be read-only",
            Self::Tls => {
                "cannot be reached with the TLS settings given: one side requires TLS and the other does not offer it, \
                 or the certificate does not verify"
            }
        }
    }
}

impl Problem {
    /// A mistake of this kind.
    #[must_use]
    pub fn new(cause: Cause, subject: impl Into<String>) -> Self {
        Self { cause, subject: subject.into() }
    }

    /// The same, named after the database where the database did not name anything itself. A missing table or column
    /// stays unnamed: the database is not what is missing.
    #[must_use]
    pub fn about(mut self, database: &str) -> Self {
        if self.subject.is_empty() && !matches!(self.cause, Cause::MissingTable | Cause::MissingColumn) {
            self.subject = database.into();
        }
        self
    }

    /// The subject as it is logged.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self.cause {
            _ if !self.subject.is_empty() => &self.subject,
            Cause::MissingTable | Cause::MissingColumn => "(unnamed)",
            _ => "the database",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.subject(), self.cause.describe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn what_the_database_leaves_unnamed_is_named_after_the_database() {
        let full = Problem::new(Cause::DiskFull, "");
        assert!(full.to_string().starts_with("the database has no room left"));
        assert!(full.about("auth.db").to_string().starts_with("auth.db has no room left"));
        assert_eq!(Problem::new(Cause::MissingRight, "users").about("auth.db").subject(), "users");
        assert_eq!(Problem::new(Cause::MissingTable, "").about("auth.db").subject(), "(unnamed)");
    }

    #[test]
    fn every_cause_has_a_name_of_its_own() {
        for (at, cause) in Cause::ALL.iter().enumerate() {
            assert!(Cause::ALL.iter().skip(at + 1).all(|other| other.name() != cause.name()), "{cause:?}");
        }
    }
}
