//! `GET /session`.

use crate::{
    auth::Auth101,
    domain::user::User,
    error::AuthError,
    port::{PasswordHasher, Store},
    time::Timestamp,
    token::access,
};

/// The user of the token, if the session that it names still stands. A token that the Python package minted names none
/// and is good until it expires, as it is there.
pub(crate) async fn get_session<S: Store, H: PasswordHasher>(
    auth: &Auth101<S, H>,
    now: Timestamp,
    access_token: &str,
) -> Result<User, AuthError> {
    let token = access::verify(&auth.config.keyring, access_token, now).ok_or(AuthError::Unauthorized)?;
    let found = auth.store.user_of_session(&token.user_id, token.session_id.as_ref()).await;
    let (user, session) = found.map_err(|error| auth.store_fault(error))?.ok_or(AuthError::UserNotFound)?;
    let stands = match (&token.session_id, &session) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(_), Some(session)) => !auth.horizon(now).has_passed(session),
    };
    if stands && user.is_active { Ok(user) } else { Err(AuthError::Unauthorized) }
}
