//! E-mail addresses.

use alloc::{borrow::ToOwned, string::String};

/// The longest address that sign-up takes, in characters: what the path of an SMTP envelope leaves for an address
/// (RFC 5321, section 4.5.3.1.3), and what fits every table of the reference.
pub const MAX_LENGTH: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;
/// The longest label of a domain, in characters (RFC 1035, section 2.3.4).
const MAX_LABEL_LENGTH: usize = 63;

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

    /// The rule for an address that is registered: one `@`, at most [`MAX_LENGTH`] characters, before the `@` at most 64
    /// bytes of letters, digits and the symbols of RFC 5322's `atext` and dots, after it an ASCII domain as browsers send
    /// it. What has no glyph of its own (white space, control, formatting and combining characters) is refused, so that
    /// two addresses which look alike on a screen never become two users. Whether the mailbox exists only a mail can tell.
    ///
    /// # Errors
    /// The address breaks the rule.
    pub fn check(self) -> Result<Self, InvalidEmail> {
        let follows_rule = self.0.chars().count() <= MAX_LENGTH
            && self.0.split_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
        if follows_rule { Ok(self) } else { Err(InvalidEmail) }
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

fn is_local_part(local: &str) -> bool {
    !local.is_empty() && local.len() <= MAX_LOCAL_BYTES && local.chars().all(is_of_local_part)
}

fn is_of_local_part(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(character);
    }
    character.is_alphanumeric() && !is_hard_to_see(character)
}

/// Characters that Unicode counts as letters although a reader sees nothing, or only a mark over the letter before: the
/// fillers of Hangul, the Greek iota below, and the small Latin letters that are written above others.
const fn is_hard_to_see(character: char) -> bool {
    matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{345}' | '\u{363}'..='\u{36f}')
}

/// ASCII labels separated by single dots. International domains arrive as `xn--…`.
fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        (1..=MAX_LABEL_LENGTH).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
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

    fn is_taken(raw: &str) -> bool {
        Email::normalise(raw).check().is_ok()
    }

    #[test]
    fn an_address_is_a_local_part_and_an_ascii_domain() {
        for good in [
            "a@b",
            "ada@example.com",
            "ü@example.com",
            "山田@xn--fsq.jp",
            "a+b.c@d",
            "o'neill!#$%&*/=?^_`{|}~-@mail-1.example.com",
            "..@b",
            "a@1.2",
        ] {
            assert!(is_taken(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "\"q\"@x",
            "a,b@c",
            "a;b@c",
            "a:b@c",
            "<a@b>",
            "a(b)@c",
            "a[b]@c",
            "a\\b@c",
            "a@b c",
            "a@-b",
            "a@b-",
            "a@b.",
            "a@.b",
            "a@b..c",
            "a@b_c",
            "a@例え.jp",
            "a@[127.0.0.1]",
            "a@b\u{7f}",
            "a\0@b",
            "a\r\nBcc: c@d",
        ] {
            assert!(!is_taken(bad), "{bad:?}");
        }
    }

    #[test]
    fn what_a_reader_cannot_see_is_refused_on_both_sides() {
        for hidden in [
            "\u{200b}",
            "\u{200d}",
            "\u{2060}",
            "\u{feff}",
            "\u{ad}",
            "\u{202e}",
            "\u{2066}",
            "\u{e0041}",
            "\u{fe0f}",
            "\u{115f}",
            "\u{1160}",
            "\u{3164}",
            "\u{ffa0}",
            "\u{301}",
            "\u{345}",
            "\u{363}",
            "\u{34f}",
            "\u{180e}",
            "\u{2800}",
            "\u{a0}",
            "\u{2028}",
        ] {
            assert!(!is_taken(&format!("ki{hidden}m@example.com")), "{hidden:?}");
            assert!(!is_taken(&format!("kim@exam{hidden}ple.com")), "{hidden:?}");
        }
        assert!(is_taken("\u{e9}@b"), "a letter with its accent is one character");
    }

    #[test]
    fn lengths_are_those_of_smtp_and_dns() {
        assert!(is_taken(&format!("{}@b", "a".repeat(64))));
        assert!(!is_taken(&format!("{}@b", "a".repeat(65))));
        assert!(is_taken(&format!("{}@b", "é".repeat(32))));
        assert!(!is_taken(&format!("{}@b", "é".repeat(33))), "the local part counts bytes");
        let label = "a".repeat(63);
        assert!(is_taken(&format!("a@{label}")));
        assert!(!is_taken(&format!("a@{label}a")));
        let at_limit = format!("{}@{label}.{label}.{}", "a".repeat(64), "b".repeat(61));
        assert_eq!(at_limit.len(), MAX_LENGTH);
        assert!(is_taken(&at_limit));
        assert!(!is_taken(&format!("{at_limit}b")));
    }
}
