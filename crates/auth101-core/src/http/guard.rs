//! The guard of a host's own routes: the counterpart of the reference's current-user dependency and login-required
//! decorator (reference, section 2).

use super::{request::Authorization, response::Response, style::Refusal};
use crate::{
    auth::Auth101,
    domain::user::User,
    error::AuthError,
    port::{PasswordHasher, Store},
};

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// The user whose access token a request carries, if its session stands. The session is looked up, so that one that
    /// was signed out or revoked is refused at once.
    ///
    /// # Errors
    /// The response that refuses the request, dressed as the routes dress theirs: 401 `UNAUTHORIZED` whatever is wrong
    /// with the token or its session, 503 or 500 where that could not be found out.
    pub async fn authorize(&self, authorization: Option<&Authorization>) -> Result<User, Response> {
        let user = match authorization.and_then(Authorization::bearer_token) {
            Some(token) => self.verify_token(token).await,
            None => Ok(None),
        };
        user.and_then(|user| user.ok_or(AuthError::Unauthorized))
            .map_err(|error| self.config.response_style.refuse(Refusal::Flow(error)))
    }
}
