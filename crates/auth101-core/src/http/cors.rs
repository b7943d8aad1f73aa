//! Cross-origin resource sharing, for the configured origins only.

use super::response::Response;
use crate::config::CorsOrigins;

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

/// Adds the answers to a preflight request, if the origin is allowed.
pub(super) fn answer_preflight(response: Response, methods: &'static str) -> Response {
    if response.header("Access-Control-Allow-Origin").is_none() {
        return response;
    }
    response
        .with_header("Access-Control-Allow-Methods", methods)
        .with_header("Access-Control-Allow-Headers", "Authorization, Content-Type")
        .with_header("Access-Control-Max-Age", PREFLIGHT_SECONDS)
}
