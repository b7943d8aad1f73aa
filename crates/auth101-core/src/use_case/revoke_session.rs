//! `POST /revoke`.

use crate::{
    auth::Auth101,
    error::AuthError,
    event::Event,
    port::{PasswordHasher, Store},
    time::Timestamp,
    token::refresh,
};

/// Ends the session that the token names, also when the token is a superseded one: who logs out with an old copy means
/// the session. A session that has ended already is no error.
pub(crate) async fn revoke_session<S: Store, H: PasswordHasher>(
    auth: &Auth101<S, H>,
    now: Timestamp,
    refresh_token: &str,
) -> Result<(), AuthError> {
    let token = refresh::verify(&auth.config.keyring, refresh_token, now)?;
    let closed =
        auth.store.close_session(&token.user_id, &token.session).await.map_err(|error| auth.store_fault(error))?;
    if closed {
        auth.observe(&Event::SessionRevoked { user: auth.pseudonym(token.user_id.as_str()) });
    }
    Ok(())
}
