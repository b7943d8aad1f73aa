//! A request, as far as the routes look at it.

use super::body::Body;
use crate::domain::session::Client;
use alloc::string::String;

/// A request of any runtime.
#[derive(Debug)]
pub struct Request {
    /// `GET`, `POST` and so on, in upper case.
    pub method: String,
    /// The path as it was sent: not decoded, not normalised, without the query.
    pub path: String,
    /// The `Authorization` header; several are joined by a comma, as HTTP libraries do.
    pub authorization: Option<Authorization>,
    /// The `Content-Type` header; only the FastAPI style looks at it.
    pub content_type: Option<String>,
    /// The `Origin` header.
    pub origin: Option<String>,
    /// The body.
    pub body: Body,
    /// Whom the request comes from.
    pub client: Client,
}

/// The value of an `Authorization` header. Never printed.
pub struct Authorization(String);

impl Authorization {
    /// Takes the header's value over.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The token of a value that begins with exactly `Bearer ` (reference, section 2.4): the scheme in this spelling,
    /// one space, then the token to the end, less trailing blanks. A comma means that several headers were joined, of
    /// which none is preferred.
    #[must_use]
    pub fn bearer_token(&self) -> Option<&str> {
        let value = self.0.trim_end_matches([' ', '\t']);
        value.strip_prefix("Bearer ").filter(|token| !token.contains(','))
    }
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
    fn only_the_exact_scheme_carries_a_token() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("Bearer abc \t", Some("abc")),
            ("Bearer  abc", Some(" abc")),
            ("Bearer", None),
            ("Bearer ", None),
            ("bearer abc", None),
            ("BEARER abc", None),
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
