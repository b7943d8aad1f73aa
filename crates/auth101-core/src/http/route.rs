//! The six routes.

use super::{
    body::Body,
    cors,
    error::HttpError,
    input::Reader,
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

/// A route under the base path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// `POST /sign-up/email`
    SignUp,
    /// `POST /sign-in/email`
    SignIn,
    /// `POST /refresh`
    Refresh,
    /// `POST /revoke`
    Revoke,
    /// `POST /sign-out`
    SignOut,
    /// `GET /session`
    Session,
}

impl Route {
    /// The route of a path that has the base path removed. Exact: one path is one resource.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        match path {
            "/sign-up/email" => Some(Self::SignUp),
            "/sign-in/email" => Some(Self::SignIn),
            "/refresh" => Some(Self::Refresh),
            "/revoke" => Some(Self::Revoke),
            "/sign-out" => Some(Self::SignOut),
            "/session" => Some(Self::Session),
            _ => None,
        }
    }

    /// The method that does the route's work.
    const fn method(self) -> &'static str {
        match self {
            Self::Session => "GET",
            _ => "POST",
        }
    }

    /// The value of `Allow`.
    #[must_use]
    pub const fn methods(self) -> &'static str {
        match self {
            Self::Session => "GET, HEAD, OPTIONS",
            _ => "POST, OPTIONS",
        }
    }
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
        let route = path.strip_prefix(self.base_path.as_str()).and_then(Route::of);
        method == "POST" && route.is_some_and(|route| route != Route::Session)
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
        let refuse_method = |route: Route| {
            let allow = if bare { route.method() } else { route.methods() };
            style.refuse(HttpError::MethodNotAllowed.into()).with_header("Allow", allow)
        };
        let route = request.path.strip_prefix(self.config.base_path.as_str()).and_then(Route::of);
        let response = match (route, request.method.as_str()) {
            (None, _) => style.refuse(HttpError::NotFound.into()),
            (Some(route), "HEAD" | "OPTIONS") if bare => refuse_method(route),
            (Some(route), "OPTIONS") => {
                let response = Response::empty(204).with_header("Allow", route.methods());
                return cors::answer_preflight(
                    cors::allow_origin(response, origins, origin.as_deref()),
                    route.methods(),
                    request.headers.get("access-control-request-headers"),
                );
            }
            (Some(Route::Session), "GET" | "HEAD") => {
                self.answer_session(&request).await.unwrap_or_else(|refusal| style.refuse(refusal))
            }
            (Some(route), method) if route != Route::Session && method == "POST" => {
                self.answer_post(route, request).await.unwrap_or_else(|refusal| style.refuse(refusal))
            }
            (Some(route), _) => refuse_method(route),
        };
        let response = cors::allow_origin(response, origins, origin.as_deref());
        if is_head { response.without_body() } else { response }
    }

    async fn answer_session(&self, request: &Request) -> Result<Response, Refusal> {
        let token = request.headers.bearer_token();
        let user = self.get_session(token.ok_or(AuthError::Unauthorized)?).await?;
        Ok(Response::json(200, &SessionBody { user }))
    }

    async fn answer_post(&self, route: Route, request: Request) -> Result<Response, Refusal> {
        let Body::Complete(body) = request.body else {
            return Err(HttpError::PayloadTooLarge.into());
        };
        let style = self.config.response_style;
        let reader = Reader { style, content_type: request.headers.get("content-type"), body: &body };
        match route {
            Route::SignUp => {
                let (email, password) = reader.credentials(AuthError::CredentialsRequired)?;
                Ok(Response::json(style.created(), &self.sign_up(&email, &password, &request.client).await?))
            }
            Route::SignIn => {
                let (email, password) = reader.credentials(AuthError::InvalidCredentials)?;
                Ok(Response::json(200, &self.sign_in(&email, &password, &request.client).await?))
            }
            Route::Refresh => Ok(Response::json(200, &self.refresh(&reader.refresh_token()?).await?)),
            Route::Revoke => {
                self.revoke_session(&reader.refresh_token()?).await?;
                Ok(Response::json(200, &Success { success: true }))
            }
            Route::SignOut | Route::Session => {
                let token = request.headers.bearer_token();
                self.sign_out(token.ok_or(AuthError::NoToken)?).await?;
                Ok(Response::json(200, &Success { success: true }))
            }
        }
    }
}
