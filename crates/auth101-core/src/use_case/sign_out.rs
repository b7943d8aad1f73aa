//! `POST /sign-out`.

use crate::{
    auth::Auth101,
    domain::session::SessionReference,
    error::AuthError,
    event::Event,
    port::{PasswordHasher, Store},
    time::Timestamp,
    token::access,
};

/// Ends the session of the token. A token that the Python package minted names none; for it sign-out stays what it is
/// there, an acknowledgement.
pub(crate) async fn sign_out<S: Store, H: PasswordHasher>(
    auth: &Auth101<S, H>,
    now: Timestamp,
    access_token: &str,
) -> Result<(), AuthError> {
    let token = access::verify(&auth.config.keyring, access_token, now).ok_or(AuthError::InvalidAccessToken)?;
    let Some(session_id) = token.session_id else {
        return Ok(());
    };
    let session = SessionReference::Id(session_id);
    let closed = auth.store.close_session(&token.user_id, &session).await.map_err(|error| auth.store_fault(error))?;
    if closed {
        auth.observe(&Event::SignedOut { user: auth.pseudonym(token.user_id.as_str()) });
    }
    Ok(())
}
