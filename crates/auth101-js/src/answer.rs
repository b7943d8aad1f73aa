//! Results for JavaScript, in the shape of the HTTP answers.

use crate::boundary::to_js;
use auth101_core::{AuthError, domain::user::User, http::error::describe, http::response::Response};
use serde::Serialize;
use std::borrow::Cow;
use wasm_bindgen::JsValue;

#[derive(Serialize)]
struct Refused<'a> {
    error: Failure<'a>,
}

#[derive(Serialize)]
struct Failure<'a> {
    message: &'a str,
    code: &'static str,
    /// Seconds.
    #[serde(rename = "retryAfter", skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
}

#[derive(Serialize)]
struct Session {
    user: User,
}

#[derive(Serialize)]
struct Success {
    success: bool,
}

#[derive(Serialize)]
struct Refusal<'a> {
    refusal: Parts<'a>,
}

#[derive(Serialize)]
struct Parts<'a> {
    status: u16,
    headers: &'a [(&'static str, Cow<'static, str>)],
    body: &'a str,
}

/// A success as it is, a failure as `{ error: { message, code } }` whatever the style of the HTTP answers.
pub(crate) fn result(result: Result<impl Serialize, AuthError>) -> JsValue {
    match result {
        Ok(success) => to_js(&success),
        Err(error) => {
            let answer = describe(error);
            let retry_after = match error {
                AuthError::Overloaded { retry_after } => Some(retry_after),
                _ => None,
            };
            to_js(&Refused { error: Failure { message: &answer.message, code: answer.code, retry_after } })
        }
    }
}

/// A user as `getSession` gives it.
pub(crate) fn session(user: User) -> impl Serialize {
    Session { user }
}

/// The end of a session.
pub(crate) fn success((): ()) -> impl Serialize {
    Success { success: true }
}

/// The parts of an HTTP response. Its body stays text.
pub(crate) fn response(response: &Response) -> JsValue {
    to_js(&parts(response))
}

/// The user, or the parts of the response instead.
pub(crate) fn admission(admission: Result<User, Response>) -> JsValue {
    match admission {
        Ok(user) => to_js(&Session { user }),
        Err(refusal) => to_js(&Refusal { refusal: parts(&refusal) }),
    }
}

fn parts(response: &Response) -> Parts<'_> {
    let body = core::str::from_utf8(&response.body).unwrap_or_default();
    Parts { status: response.status, headers: &response.headers, body }
}
