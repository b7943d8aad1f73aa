//! The routes: one table, which says all that is to be known of a route before it runs.

use super::{
    body::Body,
    cors,
    error::HttpError,
    input::{CREDENTIALS, REFRESH_TOKEN, Reader},
    request::Request,
    response::{Response, SessionBody, Success},
    style::Refusal,
};
use crate::{
    auth::Auth101,
    config::{Config, CorsOrigins, ResponseStyle},
    error::AuthError,
    port::{PasswordHasher, Store},
};
use alloc::borrow::ToOwned;
use zeroize::Zeroizing;

/// A route under the base path.
#[derive(Debug)]
pub struct Route {
    /// Its path without the base path. Exact: one path is one resource.
    pub path: &'static str,
    /// The method that does its work.
    pub method: Method,
    /// What proves the caller.
    pub proof: Proof,
    /// The members that are read from the body. All are texts, and none may be missing.
    pub members: &'static [&'static str],
    /// The status of success. FastAPI has no other than 200.
    pub success: u16,
    /// What is answered where the proof is missing.
    unproven: AuthError,
    action: Action,
}

/// The routes, in the order of the documentation.
pub static ROUTES: [Route; 6] = [
    Route {
        path: "/sign-up/email",
        method: Method::Post,
        proof: Proof::Credentials,
        members: &CREDENTIALS,
        success: 201,
        unproven: AuthError::CredentialsRequired,
        action: Action::SignUp,
    },
    Route {
        path: "/sign-in/email",
        method: Method::Post,
        proof: Proof::Credentials,
        members: &CREDENTIALS,
        success: 200,
        unproven: AuthError::InvalidCredentials,
        action: Action::SignIn,
    },
    Route {
        path: "/refresh",
        method: Method::Post,
        proof: Proof::RefreshToken,
        members: &REFRESH_TOKEN,
        success: 200,
        unproven: AuthError::RefreshTokenRequired,
        action: Action::Refresh,
    },
    Route {
        path: "/revoke",
        method: Method::Post,
        proof: Proof::RefreshToken,
        members: &REFRESH_TOKEN,
        success: 200,
        unproven: AuthError::RefreshTokenRequired,
        action: Action::Revoke,
    },
    Route {
        path: "/sign-out",
        method: Method::Post,
        proof: Proof::AccessToken,
        members: &[],
        success: 200,
        unproven: AuthError::NoToken,
        action: Action::SignOut,
    },
    Route {
        path: "/session",
        method: Method::Get,
        proof: Proof::AccessToken,
        members: &[],
        success: 200,
        unproven: AuthError::Unauthorized,
        action: Action::Session,
    },
];

/// The method that does a route's work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Reads; answers HEAD too.
    Get,
    /// Writes; its body is read.
    Post,
}

impl Method {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }

    /// The value of `Allow`.
    #[must_use]
    pub const fn allowed(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD, OPTIONS",
            Self::Post => "POST, OPTIONS",
        }
    }

    fn serves(self, method: &str) -> bool {
        method == self.name() || self == Self::Get && method == "HEAD"
    }
}

/// What proves the caller of a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// An address and a password in the body.
    Credentials,
    /// A refresh token in the body.
    RefreshToken,
    /// An access token in `Authorization`.
    AccessToken,
}

/// What a route does.
#[derive(Clone, Copy, Debug)]
enum Action {
    SignUp,
    SignIn,
    Refresh,
    Revoke,
    SignOut,
    Session,
}

impl Config {
    /// Whether a path lies under the base path, so that a host which has routes of its own knows whom to ask.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        path.strip_prefix(self.base_path.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether a request's body is looked at. Hosts leave any other unread: it would take memory for nothing.
    #[must_use]
    pub fn reads_body(&self, method: &str, path: &str) -> bool {
        method == Method::Post.name() && self.route(path).is_some_and(|route| route.method == Method::Post)
    }

    fn route(&self, path: &str) -> Option<&'static Route> {
        let path = path.strip_prefix(self.base_path.as_str())?;
        ROUTES.iter().find(|route| route.path == path)
    }
}

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// Answers a request. Never fails: whatever goes wrong has an answer.
    pub async fn handle(&self, request: Request) -> Response {
        let origins = &self.config.cors_origins;
        let style = self.config.response_style;
        let origin = request.headers.get("origin").map(ToOwned::to_owned);
        let is_head = request.method == "HEAD";
        // FastAPI answers HEAD and OPTIONS only where its CORS middleware is installed.
        let bare = style == ResponseStyle::FastApi && *origins == CorsOrigins::None;
        let refuse_method = |route: &Route| {
            let allow = if bare { route.method.name() } else { route.method.allowed() };
            style.refuse(HttpError::MethodNotAllowed.into()).with_header("Allow", allow)
        };
        let response = match (self.config.route(&request.path), request.method.as_str()) {
            (None, _) => style.refuse(HttpError::NotFound.into()),
            (Some(route), "HEAD" | "OPTIONS") if bare => refuse_method(route),
            (Some(route), "OPTIONS") => {
                let response = Response::empty(204).with_header("Allow", route.method.allowed());
                return cors::answer_preflight(
                    cors::allow_origin(response, origins, origin.as_deref()),
                    route.method.allowed(),
                    request.headers.get("access-control-request-headers"),
                );
            }
            (Some(route), method) if route.method.serves(method) => {
                self.answer(route, request).await.unwrap_or_else(|refusal| style.refuse(refusal))
            }
            (Some(route), _) => refuse_method(route),
        };
        let response = cors::allow_origin(response, origins, origin.as_deref());
        if is_head { response.without_body() } else { response }
    }

    async fn answer(&self, route: &Route, request: Request) -> Result<Response, Refusal> {
        let Request { headers, body, client, .. } = request;
        let body = match (route.method, body) {
            (Method::Post, Body::TooLarge) => return Err(HttpError::PayloadTooLarge.into()),
            (Method::Post, Body::Complete(body)) => body,
            (Method::Get, _) => Zeroizing::default(),
        };
        let style = self.config.response_style;
        let content_type = headers.get("content-type");
        let reader = Reader { style, content_type, body: &body, unproven: route.unproven };
        let access_token = || headers.bearer_token().ok_or(route.unproven);
        let status = style.success(route.success);
        Ok(match route.action {
            Action::SignUp => {
                let (email, password) = reader.credentials()?;
                Response::json(status, &self.sign_up(&email, &password, &client).await?)
            }
            Action::SignIn => {
                let (email, password) = reader.credentials()?;
                Response::json(status, &self.sign_in(&email, &password, &client).await?)
            }
            Action::Refresh => Response::json(status, &self.refresh(&reader.refresh_token()?).await?),
            Action::Revoke => {
                self.revoke_session(&reader.refresh_token()?).await?;
                Response::json(status, &Success { success: true })
            }
            Action::SignOut => {
                self.sign_out(access_token()?).await?;
                Response::json(status, &Success { success: true })
            }
            Action::Session => Response::json(status, &SessionBody { user: self.get_session(access_token()?).await? }),
        })
    }
}
