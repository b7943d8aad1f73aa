//! A request, as far as the routes look at it.

use super::body::Body;
use crate::domain::session::Client;
use alloc::{string::String, vec::Vec};

/// A request of any runtime.
#[derive(Debug)]
pub struct Request {
    /// `GET`, `POST` and so on, in upper case.
    pub method: String,
    /// The path as it was sent: not decoded, not normalised, without the query.
    pub path: String,
    /// The headers.
    pub headers: Headers,
    /// The body.
    pub body: Body,
    /// Whom the request comes from.
    pub client: Client,
}

/// The headers of a request, as far as the routes look at them. The values are never printed.
#[derive(Default)]
pub struct Headers(Vec<(&'static str, String)>);

impl Headers {
    /// The names that the routes ask for, in lower case.
    pub const NAMES: [&'static str; 4] = ["access-control-request-headers", "authorization", "content-type", "origin"];

    /// Asks the host for each of [`Headers::NAMES`]. Where a request carries several headers of one name, the host joins
    /// their values by a comma (RFC 9110, section 5.3).
    #[must_use]
    pub fn read(mut value: impl FnMut(&str) -> Option<String>) -> Self {
        Self(Self::NAMES.into_iter().filter_map(|name| Some((name, value(name)?))).collect())
    }

    /// The value of one of [`Headers::NAMES`].
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The token of the `Authorization` header, if its scheme is `Bearer`.
    #[must_use]
    pub fn bearer_token(&self) -> Option<&str> {
        self.get("authorization").and_then(bearer_token)
    }
}

impl core::fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| *name).collect();
        formatter.debug_tuple("Headers").field(&names).finish()
    }
}

/// The value of an `Authorization` header. Never printed.
pub struct Authorization(String);

impl Authorization {
    /// Takes the header's value over.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The token that it carries, if its scheme is `Bearer`.
    #[must_use]
    pub fn bearer_token(&self) -> Option<&str> {
        bearer_token(&self.0)
    }
}

/// The token of an `Authorization` header: the scheme `Bearer` in any case (RFC 9110, section 11.1), exactly one space, then
/// the token to the end, less trailing blanks. A comma means that several headers were joined, and none is preferred.
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim_end_matches([' ', '\t']).split_once(' ')?;
    (scheme.eq_ignore_ascii_case("Bearer") && !token.contains(',')).then_some(token)
}

impl core::fmt::Debug for Authorization {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Authorization(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bearer_scheme_carries_a_token() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("Bearer abc \t", Some("abc")),
            ("Bearer  abc", Some(" abc")),
            ("Bearer", None),
            ("Bearer ", None),
            ("bearer abc", Some("abc")),
            ("BEARER abc", Some("abc")),
            ("Bearers abc", None),
            ("Bearer\tabc", None),
            ("Token abc", None),
            ("Basic abc", None),
            ("abc", None),
            ("", None),
            ("Bearer abc, Bearer def", None),
        ] {
            assert_eq!(Authorization::new(value).bearer_token(), token, "{value:?}");
        }
    }
}
