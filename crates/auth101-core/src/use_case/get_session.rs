//! `GET /session`.

use crate::{
    auth::Auth101,
    domain::user::User,
    error::AuthError,
    port::{PasswordHasher, Store},
    token::access,
};

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// The user of an access token whose session stands. A token that the Python package minted names no session and is
    /// good until it expires, as it is there.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`], [`AuthError::UserNotFound`], [`AuthError::Unavailable`], [`AuthError::Internal`].
    pub async fn get_session(&self, access_token: &str) -> Result<User, AuthError> {
        let now = self.now();
        let token = access::verify(&self.config.keyring, access_token, now).ok_or(AuthError::Unauthorized)?;
        let found = self.store.user_of_session(&token.user_id, token.session_id.as_ref()).await;
        let (user, session) = found.map_err(|error| self.store_fault(error))?.ok_or(AuthError::UserNotFound)?;
        let stands = match (&token.session_id, &session) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(session)) => !self.horizon(now).has_passed(session),
        };
        if stands && user.is_active { Ok(user) } else { Err(AuthError::Unauthorized) }
    }

    /// The user of an access token, or nothing: what a host's own routes ask before they answer. The session is
    /// looked up, so a revoked one is refused at once.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] and [`AuthError::Internal`] only: an outage is not a refusal.
    pub async fn verify_token(&self, access_token: &str) -> Result<Option<User>, AuthError> {
        match self.get_session(access_token).await {
            Ok(user) => Ok(Some(user)),
            Err(AuthError::Unavailable) => Err(AuthError::Unavailable),
            Err(AuthError::Internal) => Err(AuthError::Internal),
            Err(_) => Ok(None),
        }
    }
}
