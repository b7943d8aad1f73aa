//! `POST /revoke`.

use crate::{
    auth::Auth101,
    error::AuthError,
    event::Event,
    port::{PasswordHasher, Store},
    token::refresh,
};

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// Ends the session of a refresh token, current or superseded: who logs out with an old copy means the session.
    /// Succeeds also where it has ended already.
    ///
    /// # Errors
    /// [`AuthError::InvalidRefreshToken`], [`AuthError::RefreshTokenWithoutId`], [`AuthError::Unavailable`],
    /// [`AuthError::Internal`].
    pub async fn revoke_session(&self, refresh_token: &str) -> Result<(), AuthError> {
        let token = refresh::verify(&self.config.keyring, refresh_token, self.now())?;
        let closed =
            self.store.close_session(&token.user_id, &token.session).await.map_err(|error| self.store_fault(error))?;
        if closed {
            self.observe(&Event::SessionRevoked { user: self.pseudonym(token.user_id.as_str()) });
        }
        Ok(())
    }
}
