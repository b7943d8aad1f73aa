//! From the contract's response to the platform's.

use auth101_core::http::response::Response as Answer;
use worker::{Headers, Response, ResponseBuilder};

/// A response of the contract as the platform sends it. Takes an [`crate::AuthError`] too, and then says what the routes
/// would say: a Worker's own routes can refuse in the same words.
#[must_use]
pub fn answer(response: impl Into<Answer>) -> Response {
    let response = response.into();
    let headers = Headers::new();
    for (name, value) in &response.headers {
        // Every name is a constant, and every value a constant, a number or a configured origin.
        let _ = headers.set(name, value);
    }
    let builder = ResponseBuilder::new().with_status(response.status).with_headers(headers);
    if response.body.is_empty() { builder.empty() } else { builder.fixed(response.body) }
}
