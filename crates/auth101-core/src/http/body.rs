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

/// A body while it arrives. It is copied into memory of its own, so that what it costs is bounded whatever the size of the
/// pieces; what a growth leaves behind is wiped.
#[derive(Default)]
pub struct Collector {
    whole: Zeroizing<Vec<u8>>,
    is_too_large: bool,
}

impl Collector {
    /// Whether an announced length fits. `announced` is the value of `Content-Length`; one that is no number announces
    /// nothing.
    #[must_use]
    pub fn takes(announced: Option<&str>) -> bool {
        let announced = announced.and_then(|length| length.parse::<u64>().ok()).unwrap_or_default();
        usize::try_from(announced).is_ok_and(|length| length <= MAX_BODY_BYTES)
    }

    /// Whether a piece of this length still fits.
    #[must_use]
    pub fn fits(&self, length: usize) -> bool {
        !self.is_too_large && length <= MAX_BODY_BYTES.saturating_sub(self.whole.len())
    }

    /// Takes the next piece; whether it still fitted. After one that did not, the body is too large, whatever follows:
    /// nobody needs to read on.
    pub fn push(&mut self, piece: &[u8]) -> bool {
        if !self.fits(piece.len()) {
            self.is_too_large = true;
            self.whole = Zeroizing::default();
            return false;
        }
        let length = self.whole.len() + piece.len();
        if length > self.whole.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
            larger.extend_from_slice(&self.whole);
            // The smaller one is wiped here; a vector that grows by itself would leave its bytes in the heap.
            self.whole = larger;
        }
        self.whole.extend_from_slice(piece);
        true
    }

    /// The whole.
    #[must_use]
    pub fn finish(self) -> Body {
        if self.is_too_large { Body::TooLarge } else { Body::Complete(self.whole) }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Collector({} bytes)", self.whole.len())
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

/// A body that was read, as the contract tells bodies apart.
pub(super) enum Parsed<const N: usize> {
    /// A JSON object: the members that were asked for.
    Object([Member; N]),
    /// No bytes at all.
    Empty,
    /// JSON, but no object.
    NotAnObject,
    /// Not JSON.
    Malformed,
    /// Not UTF-8.
    NotUtf8,
}

/// A member of the object, as the contract tells values apart.
pub(super) enum Member {
    /// Not there.
    Absent,
    /// Text, possibly empty.
    Text(Zeroizing<String>),
    /// Text with lone surrogates, which no string of ours can hold.
    Surrogates,
    /// No text, and what Python calls false: `null`, `false`, `0`, `[]`, `{}`.
    Falsy,
    /// No text, and what Python calls true.
    Truthy,
}

/// Reads the named members of a body. A byte order mark is skipped, members that are not asked for are ignored however
/// deep they nest, and of several with one name the last counts.
pub(super) fn parse<const N: usize>(body: &[u8], names: [&str; N]) -> Parsed<N> {
    if body.is_empty() {
        return Parsed::Empty;
    }
    let Ok(text) = core::str::from_utf8(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)) else {
        return Parsed::NotUtf8;
    };
    // Whether it is JSON is asked first: reading members stops at the first that is out of place, valid or not.
    let Ok(whole) = serde_json::from_str::<&RawValue>(text) else {
        return Parsed::Malformed;
    };
    if !whole.get().starts_with('{') {
        return Parsed::NotAnObject;
    }
    let mut deserializer = serde_json::Deserializer::from_str(whole.get());
    match deserializer.deserialize_map(Members { names }) {
        Ok(raw) => Parsed::Object(raw.map(|raw| raw.map_or(Member::Absent, |raw| classify(raw.get())))),
        Err(_) => Parsed::Malformed,
    }
}

fn classify(raw: &str) -> Member {
    if raw.starts_with('"') {
        // The text has been found to be JSON; all that can fail now is a surrogate without its other half.
        return match serde_json::from_str::<String>(raw) {
            Ok(text) => Member::Text(Zeroizing::new(text)),
            Err(_) => Member::Surrogates,
        };
    }
    let truthy = match raw.as_bytes().first() {
        Some(b'n' | b'f') => false,
        Some(b't') => true,
        // The brackets of an empty list or object hold nothing but white space.
        Some(b'[' | b'{') => raw.bytes().filter(|byte| !byte.is_ascii_whitespace()).nth(2).is_some(),
        _ => serde_json::from_str::<Value>(raw).ok().and_then(|number| number.as_f64()) != Some(0.0),
    };
    if truthy { Member::Truthy } else { Member::Falsy }
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
        vec,
    };

    fn collected(lengths: &[usize]) -> Option<usize> {
        let mut collector = Collector::default();
        for length in lengths {
            collector.push(&vec![b' '; *length]);
        }
        match collector.finish() {
            Body::Complete(body) => Some(body.len()),
            Body::TooLarge => None,
        }
    }

    #[test]
    fn a_body_is_what_its_pieces_are_in_their_order() {
        let mut collector = Collector::default();
        assert!([&b"{\"a"[..], b"", b"\":1", b"}"].into_iter().all(|piece| collector.push(piece)));
        assert!(matches!(collector.finish(), Body::Complete(body) if *body == b"{\"a\":1}"));
        assert_eq!(collected(&[]), Some(0));
    }

    #[test]
    fn a_body_over_the_cap_is_noticed_at_the_byte_that_is_over() {
        let mut collector = Collector::default();
        assert!(collector.push(&[b' '; MAX_BODY_BYTES]));
        assert!(collector.fits(0) && !collector.fits(1) && !collector.fits(usize::MAX));
        assert!(!collector.push(b" "));
        assert_eq!(collector.whole.capacity(), 0, "what was read of it has been dropped");
        assert_eq!(collected(&[MAX_BODY_BYTES]), Some(MAX_BODY_BYTES));
        assert_eq!(collected(&[MAX_BODY_BYTES - 1, 1]), Some(MAX_BODY_BYTES));
        assert_eq!(collected(&[MAX_BODY_BYTES, 1]), None);
        assert_eq!(collected(&[1, MAX_BODY_BYTES, 0]), None, "also where less follows");
    }

    #[test]
    fn pieces_cost_no_more_than_their_bytes() {
        let mut collector = Collector::default();
        for _ in 0..MAX_BODY_BYTES {
            assert!(collector.push(b" "));
            assert!(collector.whole.capacity() <= 2 * collector.whole.len());
        }
        assert_eq!(collector.whole.capacity(), MAX_BODY_BYTES);
    }

    #[test]
    fn what_is_being_collected_is_not_shown() {
        let mut collector = Collector::default();
        collector.push(b"marker");
        assert_eq!(format!("{collector:?}"), "Collector(6 bytes)");
    }

    #[test]
    fn a_length_over_the_cap_is_known_beforehand() {
        for announced in [None, Some("0"), Some("65536"), Some("marker"), Some("-1")] {
            assert!(Collector::takes(announced), "{announced:?}");
        }
        for announced in ["65537", "4294967296", "18446744073709551615"] {
            assert!(!Collector::takes(Some(announced)), "{announced}");
        }
    }

    fn shown(body: &[u8]) -> String {
        match parse(body, ["token"]) {
            Parsed::Malformed => "malformed".to_string(),
            Parsed::NotUtf8 => "not UTF-8".to_string(),
            Parsed::Empty => "empty".to_string(),
            Parsed::NotAnObject => "no object".to_string(),
            Parsed::Object([Member::Absent]) => "absent".to_string(),
            Parsed::Object([Member::Falsy]) => "falsy".to_string(),
            Parsed::Object([Member::Truthy]) => "truthy".to_string(),
            Parsed::Object([Member::Surrogates]) => "surrogates".to_string(),
            Parsed::Object([Member::Text(text)]) => format!("text {}", text.as_str()),
        }
    }

    #[test]
    fn values_are_told_apart_as_python_does() {
        let value = |value: &str| shown(format!("{{\"token\": {value} }}").as_bytes());
        for falsy in ["null", "false", "0", "-0", "0.0", "0e9", "[]", "{}", "[ ]", "{\n}"] {
            assert_eq!(value(falsy), "falsy", "{falsy}");
        }
        for truthy in ["true", "5", "-1", "1e-300", "[0]", "[[]]", "{\"a\":0}", "[{}]"] {
            assert_eq!(value(truthy), "truthy", "{truthy}");
        }
        for surrogates in ["\"\\ud800\"", "\"\\udc00x\"", "\"x\\ud83ex\""] {
            assert_eq!(value(surrogates), "surrogates", "{surrogates}");
        }
        assert_eq!(shown(b"{}"), "absent");
        assert_eq!(value("\"\""), "text ");
        assert_eq!(value(r#""a\u00e9\ud83e\udd80""#), "text aé🦀");
        assert_eq!(value("\" \""), "text  ");
    }

    #[test]
    fn the_object_is_read_as_the_contract_says() {
        assert_eq!(shown(b"\xef\xbb\xbf{\"token\":\"x\"}"), "text x", "byte order mark");
        assert_eq!(shown(br#"{"token":1,"token":"last"}"#), "text last");
        assert_eq!(shown(br#"{"to\u006ben":"escaped name"}"#), "text escaped name");
        assert_eq!(shown(br#"{"\ud800":1,"token":"x"}"#), "text x", "a name with a lone surrogate");
        assert_eq!(shown(br#" {"other":{"token":"inner"},"token":"x"} "#), "text x");
    }

    #[test]
    fn what_is_not_an_object_is_told_apart() {
        for body in [
            &b" "[..],
            b"{",
            b"{\"token\":\"x\"}x",
            b"{\"token\":\"x\"",
            b"{'token':1}",
            b"token=x",
            b"{\"token\":}",
            b"{\"token\":\"\x01\"}",
            b"[1,2",
            b"nul",
            b"\xef\xbb\xbf",
        ] {
            assert_eq!(shown(body), "malformed", "{body:?}");
        }
        for body in [&b"[]"[..], b"null", b"\"x\"", b"5", b"[{\"token\":\"x\"}]"] {
            assert_eq!(shown(body), "no object", "{body:?}");
        }
        for body in [&b"\xff"[..], b"{\"token\":\"\xff\"}"] {
            assert_eq!(shown(body), "not UTF-8", "{body:?}");
        }
        assert_eq!(shown(b""), "empty");
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{{\"token\":\"x\",\"deep\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(shown(deep.as_bytes()), "text x");
        let deep = format!("{{\"token\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(shown(deep.as_bytes()), "truthy");
    }
}
