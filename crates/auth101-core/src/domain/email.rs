//! E-mail addresses.

use alloc::{borrow::ToOwned, string::String};

/// The longest address that sign-up takes, in characters: what the path of an SMTP envelope leaves for an address
/// (RFC 5321, section 4.5.3.1.3), and what fits every table of the reference.
pub const MAX_LENGTH: usize = 254;

/// An address in its normal form: lower case, trimmed. Users are found by exactly this text.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Email(String);

/// The address cannot be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidEmail;

impl Email {
    /// The reference's normalisation, which sign-in uses alone, so that odd addresses already stored still work: full
    /// Unicode lower case, then its trim set (reference, section 2.6). No NFC, no check.
    #[must_use]
    pub fn normalise(raw: &str) -> Self {
        Self(raw.to_lowercase().trim_matches(is_trimmed).to_owned())
    }

    /// Whether nothing is left after trimming.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.is_empty()
    }

    /// Sign-up's rule: one `@` between two non-empty parts, at most [`MAX_LENGTH`] characters, no white space and no
    /// control character. Whether the mailbox exists only a mail can tell.
    ///
    /// # Errors
    /// The address breaks the rule.
    pub fn check(self) -> Result<Self, InvalidEmail> {
        let one_at = matches!(self.0.split_once('@'),
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
        let short = self.0.chars().count() <= MAX_LENGTH;
        let printable = !self.0.chars().any(|character| character.is_whitespace() || character.is_control());
        if one_at && short && printable { Ok(self) } else { Err(InvalidEmail) }
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Python's `str.strip` set. Rust's `trim` keeps the four separators U+001C to U+001F, and both keep U+200B and U+FEFF.
fn is_trimmed(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    fn normal(raw: &str) -> String {
        Email::normalise(raw).as_str().to_string()
    }

    #[test]
    fn normalisation_is_the_references() {
        assert_eq!(normal("  Ada@Example.COM\t"), "ada@example.com");
        assert_eq!(normal("\u{1c}\u{1d}\u{1e}\u{1f}a@b\u{85}\u{a0}\u{3000}"), "a@b");
        assert_eq!(normal("\u{212a}@x"), "k@x", "the Kelvin sign");
        assert_eq!(normal("\u{130}@x"), "i\u{307}@x");
        assert_eq!(normal("\u{1e9e}@x"), "\u{df}@x");
        assert_eq!(normal("ΟΔΟΣ@x"), "οδος@x", "the final sigma");
        assert_eq!(normal("\u{200b}a@b\u{feff}"), "\u{200b}a@b\u{feff}", "zero-width characters stay");
        assert_eq!(normal("\u{180e}a\0"), "\u{180e}a\0");
        assert!(Email::normalise(" \u{2003}\n").is_blank());
    }

    #[test]
    fn sign_up_takes_one_at_sign_between_two_parts() {
        for good in ["a@b", "ada@example.com", "ü@例え.jp", "a+b@c", "\"q\"@x"] {
            assert!(Email::normalise(good).check().is_ok(), "{good}");
        }
        for bad in ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\u{7f}", "a\0@b", "a@b\u{2028}c", "a\u{a0}b@c"] {
            assert_eq!(Email::normalise(bad).check(), Err(InvalidEmail), "{bad:?}");
        }
    }

    #[test]
    fn length_counts_characters() {
        let at_limit = format!("{}@b", "é".repeat(MAX_LENGTH - 2));
        assert!(Email::normalise(&at_limit).check().is_ok());
        assert_eq!(Email::normalise(&format!("x{at_limit}")).check(), Err(InvalidEmail));
    }
}
