//! `POST /sign-out`.

use crate::{
    auth::Auth101,
    domain::session::SessionReference,
    error::AuthError,
    event::Event,
    port::{PasswordHasher, Store},
    token::access,
};

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// Ends the session of an access token. Succeeds also where it has ended already. A token that the Python package
    /// minted names no session; for it sign-out stays what it is there, an acknowledgement.
    ///
    /// # Errors
    /// [`AuthError::InvalidAccessToken`], [`AuthError::Unavailable`], [`AuthError::Internal`].
    pub async fn sign_out(&self, access_token: &str) -> Result<(), AuthError> {
        let token =
            access::verify(&self.config.keyring, access_token, self.now()).ok_or(AuthError::InvalidAccessToken)?;
        let Some(session_id) = token.session_id else {
            return Ok(());
        };
        let session = SessionReference::Id(session_id);
        let closed =
            self.store.close_session(&token.user_id, &session).await.map_err(|error| self.store_fault(error))?;
        if closed {
            self.observe(&Event::SignedOut { user: self.pseudonym(token.user_id.as_str()) });
        }
        Ok(())
    }
}
