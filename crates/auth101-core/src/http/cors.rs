//! Cross-origin resource sharing, for the configured origins only.

use super::response::Response;
use crate::config::CorsOrigins;
use alloc::borrow::{Cow, ToOwned};

/// How long a browser may remember a preflight, in seconds: Chromium's upper limit.
const PREFLIGHT_SECONDS: &str = "7200";

/// Adds the headers that every response to a browser's cross-origin request needs.
pub(super) fn allow_origin(response: Response, origins: &CorsOrigins, origin: Option<&str>) -> Response {
    let response = match origins {
        CorsOrigins::None => return response,
        CorsOrigins::Any => response.with_header("Access-Control-Allow-Origin", "*"),
        CorsOrigins::Listed(listed) => {
            // The answer depends on the asking origin, and a cache must know, also where none was allowed.
            let response = response.with_header("Vary", "Origin");
            match listed.iter().find(|listed| Some(listed.as_str()) == origin) {
                Some(allowed) => response.with_header("Access-Control-Allow-Origin", allowed.clone()),
                None => return response,
            }
        }
    };
    response.with_header("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate")
}

/// Adds the answers to a preflight request, if the origin is allowed. Whatever headers it asks for are allowed: tracing
/// tools add their own, and since the tokens travel in headers that no browser adds by itself, this gives nothing away.
pub(super) fn answer_preflight(response: Response, methods: &'static str, requested: Option<&str>) -> Response {
    if response.header("Access-Control-Allow-Origin").is_none() {
        return response;
    }
    let headers = match requested.filter(|requested| is_list_of_names(requested)) {
        Some(requested) => Cow::Owned(requested.to_owned()),
        None => Cow::Borrowed("Authorization, Content-Type"),
    };
    response
        .with_header("Access-Control-Allow-Methods", methods)
        .with_header("Access-Control-Allow-Headers", headers)
        .with_header("Access-Control-Max-Age", PREFLIGHT_SECONDS)
}

/// The longest list that is repeated, in bytes. Browsers ask for a few dozen names at most.
const MAX_LIST_BYTES: usize = 4_096;

/// Whether a value is a list of header names (RFC 9110, section 5.6.2): anything else is not repeated in an answer.
fn is_list_of_names(value: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    value.len() <= MAX_LIST_BYTES
        && value
            .split(',')
            .map(|name| name.trim_matches([' ', '\t']))
            .all(|name| !name.is_empty() && name.bytes().all(is_of_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn allowed(requested: Option<&str>) -> String {
        let response = Response::empty(204).with_header("Access-Control-Allow-Origin", "*");
        let response = answer_preflight(response, "GET", requested);
        response.header("Access-Control-Allow-Headers").unwrap_or_default().to_owned()
    }

    #[test]
    fn only_header_names_are_repeated() {
        for names in ["authorization", "baggage,sentry-trace,traceparent", "X-Requested-With, content-type"] {
            assert_eq!(allowed(Some(names)), names);
        }
        let long = "x,".repeat(MAX_LIST_BYTES) + "x";
        for other in ["", ",", "a,,b", "a b", "a\r\nSet-Cookie: b", "é", "a;b", "<script>", long.as_str()] {
            assert_eq!(allowed(Some(other)), "Authorization, Content-Type", "{other:?}");
        }
        assert_eq!(allowed(None), "Authorization, Content-Type");
    }
}
