//! From the contract's response to the platform's.

use auth101_core::http::response::Response as Answer;
use bytes::Bytes;
use spin_sdk::http::{FullBody, HeaderName, HeaderValue, StatusCode};

/// A response whose body is there in whole.
pub type Response = spin_sdk::http::Response<FullBody<Bytes>>;

/// A response of the contract as the platform sends it. Takes an [`crate::AuthError`] too, and then says what the routes
/// would say: a component's own routes can refuse in the same words.
#[must_use]
pub fn answer(response: impl Into<Answer>) -> Response {
    let response: Answer = response.into();
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let has_body = !response.body.is_empty();
    let mut built = of_known_length(status, response.body);
    if !has_body {
        // A 204 has none, and to HEAD the length would be that of GET, which the host takes for a body that ends too
        // early.
        built.headers_mut().remove("content-length");
    }
    for (name, value) in &response.headers {
        // Every name is a constant, and every value a constant, a number or a configured origin.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(value.as_ref())) {
            built.headers_mut().insert(name, value);
        }
    }
    built
}

/// A text of a component's own, JSON for example. A `content_type` that no header can hold is left out.
///
/// Unlike `Response::new` of a text it says how long it is: a body of unknown length goes out in chunks, which is slower.
#[must_use]
pub fn text(status: StatusCode, content_type: &str, body: impl Into<String>) -> Response {
    let mut response = of_known_length(status, body.into().into_bytes());
    if let Ok(content_type) = HeaderValue::try_from(content_type) {
        response.headers_mut().insert("content-type", content_type);
    }
    response
}

/// Without its length a body goes out in chunks, and the last one waits 40 ms for an acknowledgement.
fn of_known_length(status: StatusCode, body: Vec<u8>) -> Response {
    let length = body.len();
    let mut response = Response::new(FullBody::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert("content-length", HeaderValue::from(length));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::AuthError;

    fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
        response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    #[test]
    fn a_text_has_a_type_and_a_length() {
        let response = text(StatusCode::NOT_FOUND, "text/plain", "für\n");
        assert_eq!(response.status(), 404);
        assert_eq!(header(&response, "content-type"), Some("text/plain"));
        assert_eq!(header(&response, "content-length"), Some("5"));
        assert_eq!(header(&text(StatusCode::OK, "a\nb", "x"), "content-type"), None);
        assert_eq!(header(&text(StatusCode::OK, "text/plain", ""), "content-length"), Some("0"));
    }

    #[test]
    fn an_error_is_answered_as_the_routes_do() {
        let response = answer(AuthError::Unauthorized);
        assert_eq!(response.status(), 401);
        assert_eq!(header(&response, "www-authenticate"), Some("Bearer"));
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        assert!(header(&response, "content-length").is_some_and(|length| length != "0"));
    }

    #[test]
    fn where_there_is_no_body_no_length_is_told() {
        assert_eq!(header(&answer(Answer::empty(204)), "content-length"), None);
    }
}
