//! What a header and a payload may say. Every member that is looked at has one type; any other type refuses the token.

use crate::time::Timestamp;
use alloc::string::String;
use serde_json::{Map, Value};

/// How far ahead of our clock `iat` and `nbf` may lie, in seconds: the skew between two servers.
const LEEWAY_SECONDS: f64 = 60.0;

/// Header members that change how a token is to be read or which key is to be trusted (RFC 7515, section 4.1; RFC 7516;
/// RFC 7797). A token that has one is refused: the key and the algorithm come from the configuration alone.
const REFUSED_MEMBERS: [&str; 6] = ["crit", "jku", "jwk", "zip", "b64", "enc"];

/// Judges a header: `alg` is exactly `HS256`, `typ` and `kid` are text where they are there.
pub(super) fn check_header(json: &[u8]) -> Option<()> {
    let header: Map<String, Value> = serde_json::from_slice(json).ok()?;
    let text_or_absent = |member: &str| header.get(member).is_none_or(Value::is_string);
    let refused = |member: &String| REFUSED_MEMBERS.contains(&member.as_str()) || member.starts_with("x5");
    (header.get("alg")?.as_str()? == "HS256"
        && text_or_absent("typ")
        && text_or_absent("kid")
        && !header.keys().any(refused))
    .then_some(())
}

/// The payload of a token whose signature is ours.
pub(super) struct ReceivedClaims(Map<String, Value>);

impl ReceivedClaims {
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok().map(Self)
    }

    /// Judges the registered claims (RFC 7519, section 4.1): `exp` is required and exact, `iat` and `nbf` may be a
    /// minute ahead, an audience that is not empty means somebody else, the issuer is not looked at.
    pub(super) fn are_current(&self, now: Timestamp) -> bool {
        // Microseconds of four-digit years fit a double's 53 bits, so the comparison with `exp` is exact.
        #[allow(clippy::cast_precision_loss, reason = "below 2^53, see above")]
        let now = now.micros() as f64 / 1e6;
        let Some(expires) = self.0.get("exp").and_then(Value::as_f64) else {
            return false;
        };
        let not_ahead = |claim: &str| match self.0.get(claim) {
            None => true,
            Some(value) => value.as_f64().is_some_and(|at| at <= now + LEEWAY_SECONDS),
        };
        let no_audience = match self.0.get("aud") {
            None | Some(Value::Null) => true,
            Some(Value::String(audience)) => audience.is_empty(),
            Some(Value::Array(audiences)) => audiences.is_empty(),
            Some(_) => false,
        };
        now < expires && not_ahead("iat") && not_ahead("nbf") && no_audience
    }

    /// Whether `type` is exactly this.
    pub(super) fn is_of_type(&self, wanted: &str) -> bool {
        self.0.get("type").and_then(Value::as_str) == Some(wanted)
    }

    /// A claim that must be text with something in it. A NUL can be part of no identifier, and PostgreSQL would choke
    /// on it.
    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.0.get(claim)?.as_str().filter(|text| is_identifier(text))
    }

    /// A claim that may be absent but is text with something in it where it is there.
    pub(super) fn optional_text(&self, claim: &str) -> Option<Option<&str>> {
        if self.0.contains_key(claim) { self.text(claim).map(Some) } else { Some(None) }
    }

    /// A claim that is text, possibly empty, or absent.
    pub(super) fn loose_text(&self, claim: &str) -> Option<&str> {
        match self.0.get(claim) {
            None => Some(""),
            Some(value) => value.as_str(),
        }
    }
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}
