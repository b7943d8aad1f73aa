//! Passwords, before they are hashed.

use crate::secret::Secret;
use alloc::string::String;

/// The longest password in characters: the limit of the reference's hashing library. It bounds the work that one
/// request can ask for.
pub const MAX_LENGTH: usize = 4_096;

/// A password as it was sent: not trimmed, not cut, not normalised (NIST SP 800-63B asks that every character counts).
#[derive(Clone, Debug)]
pub struct Password(Secret<String>);

/// Why a password cannot be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InvalidPassword {
    /// Shorter than this many characters.
    TooShort(usize),
    /// Longer than [`MAX_LENGTH`] characters.
    TooLong,
    /// One that the host refuses.
    Blocked,
}

impl Password {
    /// Takes the password over, whatever its length.
    pub fn new(raw: impl Into<String>) -> Self {
        Self(Secret::new(raw.into()))
    }

    /// Whether there is nothing to hash.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.expose().is_empty()
    }

    /// Whether it is longer than anything that can have been registered.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.length() > MAX_LENGTH
    }

    /// Sign-up's rule. Characters are Unicode code points, as NIST SP 800-63B counts them. There are no composition
    /// rules. `is_blocked` is asked last, about passwords that pass every other rule.
    ///
    /// # Errors
    /// The first rule that the password breaks.
    pub fn check(self, minimum: usize, is_blocked: impl FnOnce(&str) -> bool) -> Result<Self, InvalidPassword> {
        let length = self.length();
        if length < minimum {
            return Err(InvalidPassword::TooShort(minimum));
        }
        if length > MAX_LENGTH {
            return Err(InvalidPassword::TooLong);
        }
        if is_blocked(self.0.expose()) {
            return Err(InvalidPassword::Blocked);
        }
        Ok(self)
    }

    /// The UTF-8 bytes that are hashed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }

    fn length(&self) -> usize {
        self.0.expose().chars().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(raw: &str) -> Result<Password, InvalidPassword> {
        Password::new(raw).check(6, |_| false)
    }

    #[test]
    fn length_counts_code_points() {
        assert!(checked("secret").is_ok());
        assert!(checked("🦀🦀🦀🦀🦀🦀").is_ok(), "six characters, 24 bytes");
        assert!(checked("e\u{301}e\u{301}e\u{301}").is_ok(), "combining marks count");
        assert!(checked("a\0b\0c\0").is_ok(), "NUL is a character");
        assert!(checked("      ").is_ok(), "blanks are characters");
        assert_eq!(checked("🦀🦀🦀🦀🦀").unwrap_err(), InvalidPassword::TooShort(6));
        assert!(checked(&"x".repeat(4_096)).is_ok());
        assert!(checked(&"é".repeat(4_096)).is_ok(), "the limit is in characters, not in bytes");
        assert_eq!(checked(&"x".repeat(4_097)).unwrap_err(), InvalidPassword::TooLong);
    }

    #[test]
    fn the_blocklist_is_asked_last() {
        let checked = |raw: &str| Password::new(raw).check(6, |password| ["password1", "short"].contains(&password));
        assert_eq!(checked("password1").unwrap_err(), InvalidPassword::Blocked);
        assert!(checked("password2").is_ok());
        assert_eq!(checked("short").unwrap_err(), InvalidPassword::TooShort(6));
    }
}
