//! The one table from what happened to status, code, message and headers. How they are dressed is `style`'s.

use super::response::Header;
use crate::{
    domain::password::{InvalidPassword, MAX_LENGTH},
    error::AuthError,
};
use alloc::{borrow::Cow, format, string::ToString, vec, vec::Vec};

/// What callers are told whenever trying again may help.
const UNAVAILABLE: &str = "Service temporarily unavailable";

/// How an error is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// For programs; documented in `openapi.yaml`.
    pub code: &'static str,
    /// For people.
    pub message: Cow<'static, str>,
    /// What the status asks for beside the body.
    pub headers: Vec<Header>,
}

impl Answer {
    fn new(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        // RFC 9110, section 11.6.1: a 401 names the scheme that would be accepted.
        let headers = if status == 401 { vec![("WWW-Authenticate", "Bearer".into())] } else { Vec::new() };
        Self { status, code, message: message.into(), headers }
    }

    /// RFC 9110, section 10.2.3.
    fn with_retry_after(mut self, seconds: u32) -> Self {
        self.headers.push(("Retry-After", seconds.to_string().into()));
        self
    }
}

/// Errors of the HTTP layer itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HttpError {
    /// No route has this path.
    NotFound,
    /// The route does not take this method.
    MethodNotAllowed,
    /// The body is over [`super::body::MAX_BODY_BYTES`].
    PayloadTooLarge,
}

/// The answer to a flow's error.
#[must_use]
pub fn describe(error: AuthError) -> Answer {
    let (status, code, message) = match error {
        AuthError::CredentialsRequired => (400, "VALIDATION_ERROR", "Email and password are required"),
        AuthError::InvalidEmail => (400, "VALIDATION_ERROR", "Invalid email address"),
        AuthError::InvalidPassword(invalid) => {
            let message: Cow<'static, str> = match invalid {
                InvalidPassword::TooShort(minimum) => format!("Password must be at least {minimum} characters").into(),
                InvalidPassword::TooLong => format!("Password must be at most {MAX_LENGTH} characters").into(),
                InvalidPassword::Blocked => "Password is not allowed".into(),
            };
            return Answer::new(400, "VALIDATION_ERROR", message);
        }
        AuthError::UserExists => (400, "USER_EXISTS", "User already exists"),
        AuthError::InvalidCredentials => (401, "INVALID_CREDENTIALS", "Invalid email or password"),
        AuthError::RefreshTokenRequired => (400, "VALIDATION_ERROR", "refresh_token required"),
        AuthError::InvalidRefreshToken => (401, "INVALID_TOKEN", "Invalid or expired refresh token"),
        AuthError::RefreshTokenWithoutId => (401, "INVALID_TOKEN", "Invalid refresh token"),
        AuthError::SessionNotFound => (401, "SESSION_NOT_FOUND", "Session not found or revoked"),
        AuthError::SessionExpired => (401, "SESSION_NOT_FOUND", "Session expired"),
        AuthError::UserNotFound => (401, "USER_NOT_FOUND", "User not found"),
        AuthError::Unauthorized => (401, "UNAUTHORIZED", "Unauthorized"),
        AuthError::NoToken => (401, "UNAUTHORIZED", "No token provided"),
        AuthError::InvalidAccessToken => (401, "INVALID_TOKEN", "Invalid or expired token"),
        AuthError::Unavailable => (503, "UNAVAILABLE", UNAVAILABLE),
        AuthError::Overloaded { retry_after } => {
            return Answer::new(503, "UNAVAILABLE", UNAVAILABLE).with_retry_after(retry_after);
        }
        AuthError::Internal => (500, "INTERNAL_ERROR", "Internal server error"),
    };
    Answer::new(status, code, message)
}

/// The answer to an error of the HTTP layer.
#[must_use]
pub fn describe_http(error: HttpError) -> Answer {
    let (status, code, message) = match error {
        HttpError::NotFound => (404, "NOT_FOUND", "Not found"),
        HttpError::MethodNotAllowed => (405, "METHOD_NOT_ALLOWED", "Method not allowed"),
        HttpError::PayloadTooLarge => (413, "PAYLOAD_TOO_LARGE", "Request body is too large"),
    };
    Answer::new(status, code, message)
}
