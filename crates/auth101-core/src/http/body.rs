//! Request bodies: JSON objects with one or two members that matter.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;
use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};
use zeroize::Zeroizing;

/// The longest body that is read, in bytes. A password of 4,096 characters fits even where each is written as two
/// escaped surrogates. Entry crates stop reading here, whether or not the length was announced.
pub const MAX_BODY_BYTES: usize = 65_536;

/// A body as far as it was read.
pub enum Body {
    /// All of it; wiped when dropped, since it may hold a password.
    Complete(Zeroizing<Vec<u8>>),
    /// Longer than [`MAX_BODY_BYTES`]; what was read of it has been dropped.
    TooLarge,
}

impl Body {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self::Complete(Zeroizing::default())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Complete(_) => "Body(_)",
            Self::TooLarge => "Body(too large)",
        })
    }
}

/// A member of the object, as the contract tells values apart.
pub(super) enum Member {
    /// Not there, or a value that Python calls false: `null`, `""`, `false`, `0`, `[]`, `{}`.
    Empty,
    /// Text with something in it.
    Text(Zeroizing<String>),
    /// Anything else; text with lone surrogates too, which no string of ours can hold.
    Other,
}

impl Member {
    /// The text, or nothing where there is none.
    pub(super) fn into_text(self) -> Option<Zeroizing<String>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Empty | Self::Other => None,
        }
    }
}

/// The named members of a body. `None` where the body is not a JSON object in UTF-8, whatever its content type says. A
/// byte order mark is skipped, members that are not asked for are ignored however deep they nest, and of several with
/// one name the last counts.
pub(super) fn members<const N: usize>(body: &[u8], names: [&str; N]) -> Option<[Member; N]> {
    let text = core::str::from_utf8(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).ok()?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let raw = deserializer.deserialize_map(Members { names }).ok()?;
    deserializer.end().ok()?;
    Some(raw.map(|raw| raw.map_or(Member::Empty, |raw| classify(raw.get()))))
}

fn classify(raw: &str) -> Member {
    if raw.starts_with('"') {
        return match serde_json::from_str::<String>(raw) {
            Ok(text) if text.is_empty() => Member::Empty,
            Ok(text) => Member::Text(Zeroizing::new(text)),
            Err(_) => Member::Other,
        };
    }
    let truthy = match raw.as_bytes().first() {
        Some(b'n' | b'f') => false,
        Some(b't') => true,
        Some(b'[' | b'{') => raw.bytes().filter(|byte| !byte.is_ascii_whitespace()).nth(2).is_some(),
        _ => serde_json::from_str::<Value>(raw).ok().and_then(|number| number.as_f64()) != Some(0.0),
    };
    if truthy { Member::Other } else { Member::Empty }
}

struct Members<'a, const N: usize> {
    names: [&'a str; N],
}

impl<'de, const N: usize> Visitor<'de> for Members<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(key) = map.next_key_seed(Key)? {
            match self.names.iter().position(|name| name.as_bytes() == key.as_ref()) {
                Some(wanted) => {
                    let value = map.next_value::<&RawValue>()?;
                    if let Some(slot) = found.get_mut(wanted) {
                        *slot = Some(value);
                    }
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// Reads a name as bytes, so that one with lone surrogates is a name like any other and not the end of the request.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, [u8]>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, [u8]>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(bytes))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{
        format,
        string::{String, ToString},
    };

    fn shown(body: &[u8]) -> String {
        match members(body, ["token"]) {
            None => "malformed".to_string(),
            Some([Member::Empty]) => "empty".to_string(),
            Some([Member::Other]) => "other".to_string(),
            Some([Member::Text(text)]) => text.to_string(),
        }
    }

    #[test]
    fn values_are_told_apart_as_python_does() {
        for empty in ["null", "\"\"", "false", "0", "-0", "0.0", "0e9", "[]", "{}", "[ ]", "{\n}"] {
            assert_eq!(shown(format!("{{\"token\": {empty} }}").as_bytes()), "empty", "{empty}");
        }
        for other in ["true", "5", "-1", "1e-300", "[0]", "[[]]", "{\"a\":0}", "[{}]", "\"\\ud800\"", "\"\\udc00x\""] {
            assert_eq!(shown(format!("{{\"token\":{other}}}").as_bytes()), "other", "{other}");
        }
        assert_eq!(shown(b"{}"), "empty");
        assert_eq!(shown(br#"{"token":"a\u00e9\ud83e\udd80"}"#), "aé🦀");
        assert_eq!(shown(br#"{"token":" "}"#), " ");
    }

    #[test]
    fn the_object_is_read_as_the_contract_says() {
        assert_eq!(shown(b"\xef\xbb\xbf{\"token\":\"x\"}"), "x", "byte order mark");
        assert_eq!(shown(br#"{"token":1,"token":"last"}"#), "last");
        assert_eq!(shown(br#"{"to\u006ben":"escaped name"}"#), "escaped name");
        assert_eq!(shown(br#"{"\ud800":1,"token":"x"}"#), "x", "a name with a lone surrogate");
        assert_eq!(shown(br#" {"other":{"token":"inner"},"token":"x"} "#), "x");
    }

    #[test]
    fn what_is_not_an_object_in_utf_8_is_malformed() {
        for body in [
            &b""[..],
            b" ",
            b"[]",
            b"null",
            b"\"x\"",
            b"5",
            b"{",
            b"{\"token\":\"x\"}x",
            b"{\"token\":\"x\"",
            b"{'token':1}",
            b"token=x",
            b"\xff",
            b"{\"token\":\"\xff\"}",
            b"{\"token\":}",
            b"{\"token\":\"\x01\"}",
        ] {
            assert_eq!(shown(body), "malformed", "{body:?}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{{\"token\":\"x\",\"deep\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(shown(deep.as_bytes()), "x");
        let deep = format!("{{\"token\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(shown(deep.as_bytes()), "other");
    }
}
