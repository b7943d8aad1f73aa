//! The two dresses of an answer: our own, and the one that clients of the reference behind FastAPI are used to
//! (reference, sections 2.1 and 2.3).

use super::{
    error::{Answer, HttpError, describe, describe_http},
    response::Response,
};
use crate::{config::ResponseStyle, error::AuthError};
use alloc::{borrow::Cow, vec::Vec};
use serde::{Serialize, Serializer, ser::SerializeSeq};

#[derive(Serialize)]
struct ErrorBody {
    error: Detail,
}

#[derive(Serialize)]
struct FastApiBody<T> {
    detail: T,
}

#[derive(Serialize)]
struct Detail {
    message: Cow<'static, str>,
    code: &'static str,
}

/// One entry of FastAPI's answer to a body that does not fit its model. What was sent is never repeated.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SchemaError {
    #[serde(rename = "type")]
    kind: &'static str,
    loc: Location,
    msg: &'static str,
}

/// Where in the request: `["body"]`, `["body","email"]` or `["body",0]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Location {
    Body,
    Field(&'static str),
    Start,
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        list.serialize_element("body")?;
        match self {
            Self::Body => {}
            Self::Field(field) => list.serialize_element(field)?,
            Self::Start => list.serialize_element(&0)?,
        }
        list.end()
    }
}

impl SchemaError {
    pub(super) const BODY_MISSING: Self = Self { kind: "missing", loc: Location::Body, msg: "Field required" };
    pub(super) const INVALID_JSON: Self = Self { kind: "json_invalid", loc: Location::Start, msg: "JSON decode error" };
    pub(super) const NOT_AN_OBJECT: Self = Self {
        kind: "model_attributes_type",
        loc: Location::Body,
        msg: "Input should be a valid dictionary or object to extract fields from",
    };

    pub(super) const fn missing(field: &'static str) -> Self {
        Self { kind: "missing", loc: Location::Field(field), msg: "Field required" }
    }

    pub(super) const fn not_text(field: &'static str) -> Self {
        Self { kind: "string_type", loc: Location::Field(field), msg: "Input should be a valid string" }
    }
}

/// Why a route did not answer with its result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// The flow says so.
    Flow(AuthError),
    /// The HTTP layer says so.
    Http(HttpError),
    /// FastAPI style only: the body does not fit.
    Schema(Vec<SchemaError>),
    /// FastAPI style only: the body cannot be decoded.
    Undecodable,
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::Flow(error)
    }
}

impl From<HttpError> for Refusal {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl ResponseStyle {
    /// The status that a success is answered with: a route's own, or the one that FastAPI knows.
    pub(super) const fn success(self, status: u16) -> u16 {
        match self {
            Self::Default => status,
            Self::FastApi => 200,
        }
    }

    /// The response to a refusal.
    pub(super) fn refuse(self, refusal: Refusal) -> Response {
        match (self, refusal) {
            (_, Refusal::Flow(error)) => self.error(describe(error)),
            (Self::FastApi, Refusal::Http(HttpError::NotFound)) => {
                Response::json(404, &FastApiBody { detail: "Not Found" })
            }
            (Self::FastApi, Refusal::Http(HttpError::MethodNotAllowed)) => {
                Response::json(405, &FastApiBody { detail: "Method Not Allowed" })
            }
            (_, Refusal::Http(error)) => self.error(describe_http(error)),
            (_, Refusal::Schema(detail)) => Response::json(422, &FastApiBody { detail }),
            (_, Refusal::Undecodable) => {
                Response::json(400, &FastApiBody { detail: "There was an error parsing the body" })
            }
        }
    }

    fn error(self, Answer { status, code, message, headers }: Answer) -> Response {
        let detail = Detail { message, code };
        let mut response = match self {
            Self::Default => Response::json(status, &ErrorBody { error: detail }),
            Self::FastApi => Response::json(status, &FastApiBody { detail }),
        };
        response.headers.extend(headers);
        response
    }
}

/// An error of a host that could not even build the service, such as a wrong configuration: the default style.
impl From<AuthError> for Response {
    fn from(error: AuthError) -> Self {
        ResponseStyle::Default.refuse(Refusal::Flow(error))
    }
}
