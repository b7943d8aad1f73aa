//! A response.

use alloc::{borrow::Cow, vec::Vec};
use core::fmt;
use serde::Serialize;

/// The name of a header in its usual spelling, and its value.
pub type Header = (&'static str, Cow<'static, str>);

/// A response for any runtime to send.
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Each name at most once.
    pub headers: Vec<Header>,
    /// JSON, or empty.
    pub body: Vec<u8>,
}

impl Response {
    /// A response with a JSON body. Nothing that these routes say may be kept by a cache.
    #[must_use]
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::empty(status).with_header("Content-Type", "application/json").with_body(body),
            // Unreachable: every answer is made of texts, booleans and integers.
            Err(_) => Self::empty(500),
        }
    }

    /// A response without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }.with_header("Cache-Control", "no-store")
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same without its body, for `HEAD`.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.body = Vec::new();
        self
    }

    /// The value of a header, by the exact name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_ref())
    }

    fn with_body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }
}

/// Shows neither body nor header values: they hold tokens.
impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        formatter
            .debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

/// The body of sign-out and revoke.
#[derive(Serialize)]
pub(super) struct Success {
    pub(super) success: bool,
}

/// The body of `GET /session`.
#[derive(Serialize)]
pub(super) struct SessionBody<T> {
    pub(super) user: T,
}
