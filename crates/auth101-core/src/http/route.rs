//! The six routes.

use super::{
    body::{Body, Member, members},
    cors,
    error::HttpError,
    request::Request,
    response::{Response, SessionBody, Success},
};
use crate::{
    auth::Auth101,
    config::Config,
    domain::password::Password,
    error::AuthError,
    port::{PasswordHasher, Store},
};
use zeroize::Zeroizing;

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
}

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// Answers a request. Never fails: whatever goes wrong has an answer.
    pub async fn handle(&self, request: Request) -> Response {
        let origins = &self.config.cors_origins;
        let origin = request.origin.clone();
        let is_head = request.method == "HEAD";
        let route = request.path.strip_prefix(self.config.base_path.as_str()).and_then(Route::of);
        let response = match (route, request.method.as_str()) {
            (None, _) => Response::from(HttpError::NotFound),
            (Some(route), "OPTIONS") => {
                let response = Response::empty(204).with_header("Allow", route.methods());
                return cors::answer_preflight(
                    cors::allow_origin(response, origins, origin.as_deref()),
                    route.methods(),
                );
            }
            (Some(Route::Session), "GET" | "HEAD") => self.answer_session(&request).await,
            (Some(Route::Session), _) => not_allowed(Route::Session),
            (Some(route), "POST") => match self.answer_post(route, request).await {
                Ok(response) => response,
                Err(error) => Response::from(error),
            },
            (Some(route), _) => not_allowed(route),
        };
        let response = cors::allow_origin(response, origins, origin.as_deref());
        if is_head { response.without_body() } else { response }
    }

    async fn answer_session(&self, request: &Request) -> Response {
        let token = request.authorization.as_ref().and_then(|value| value.bearer_token());
        let Some(token) = token else {
            return Response::from(AuthError::Unauthorized);
        };
        match self.get_session(token).await {
            Ok(user) => Response::json(200, &SessionBody { user }),
            Err(error) => Response::from(error),
        }
    }

    async fn answer_post(&self, route: Route, request: Request) -> Result<Response, AuthError> {
        let Body::Complete(body) = request.body else {
            return Ok(Response::from(HttpError::PayloadTooLarge));
        };
        match route {
            Route::SignUp => {
                let (email, password) = credentials(&body).ok_or(AuthError::CredentialsRequired)?;
                Ok(Response::json(201, &self.sign_up(&email, &password, &request.client).await?))
            }
            Route::SignIn => {
                let (email, password) = credentials(&body).ok_or(AuthError::InvalidCredentials)?;
                Ok(Response::json(200, &self.sign_in(&email, &password, &request.client).await?))
            }
            Route::Refresh => Ok(Response::json(200, &self.refresh(&refresh_token(&body)?).await?)),
            Route::Revoke => {
                self.revoke_session(&refresh_token(&body)?).await?;
                Ok(Response::json(200, &Success { success: true }))
            }
            Route::SignOut => {
                let token = request.authorization.as_ref().and_then(|value| value.bearer_token());
                self.sign_out(token.ok_or(AuthError::NoToken)?).await?;
                Ok(Response::json(200, &Success { success: true }))
            }
            Route::Session => Ok(not_allowed(Route::Session)),
        }
    }
}

fn not_allowed(route: Route) -> Response {
    Response::from(HttpError::MethodNotAllowed).with_header("Allow", route.methods())
}

fn credentials(body: &[u8]) -> Option<(Zeroizing<alloc::string::String>, Password)> {
    let [email, password] = members(body, ["email", "password"])?;
    let password = password.into_text()?;
    Some((email.into_text()?, Password::new(password.as_str())))
}

fn refresh_token(body: &[u8]) -> Result<Zeroizing<alloc::string::String>, AuthError> {
    match members(body, ["refresh_token"]) {
        None | Some([Member::Empty]) => Err(AuthError::RefreshTokenRequired),
        Some([Member::Other]) => Err(AuthError::InvalidRefreshToken),
        Some([Member::Text(token)]) => Ok(token),
    }
}
