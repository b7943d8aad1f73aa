//! Refresh tokens: shown to one route only, valid for days, replaced with every use.

use super::{
    keyring::{Keyring, SigningError},
    successor::successor,
};
use crate::{
    domain::{
        identifier::{SessionId, TokenId, UserId},
        session::{Session, SessionReference},
        user::User,
    },
    error::AuthError,
    time::Timestamp,
};
use alloc::string::String;
use serde::Serialize;

const TYPE: &str = "refresh";

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iat: i64,
    exp: i64,
    /// Written because the reference looks users up by it; never read here.
    email: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    jti: &'a str,
    sid: &'a str,
}

/// Signs the refresh token of a session row. It is a function of the row, the user's address and the secret, and of
/// nothing else, so that every answer to racing or repeated requests carries the same bytes.
///
/// `ends_at` is when the session's absolute lifetime is over, if it has one.
///
/// # Errors
/// The claims could not be serialised, which no known input causes.
pub fn issue(
    keyring: &Keyring,
    user: &User,
    session: &Session,
    ends_at: Option<Timestamp>,
) -> Result<String, SigningError> {
    let expires_at = ends_at.map_or(session.expires_at, |ends_at| session.expires_at.min(ends_at));
    keyring.sign(Claims {
        sub: user.id.as_str(),
        iat: session.updated_at.seconds(),
        exp: expires_at.seconds(),
        email: &user.email,
        kind: TYPE,
        jti: session.token.as_str(),
        sid: session.id.as_str(),
    })
}

/// What a valid refresh token says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshToken {
    /// `sub`: whose it is.
    pub user_id: UserId,
    /// `jti`: which token it is.
    pub id: TokenId,
    /// What a rotation makes of it.
    pub successor: TokenId,
    /// How it names its session.
    pub session: SessionReference,
}

/// Verifies signature, type and times. The session is not looked up.
///
/// # Errors
/// [`AuthError::RefreshTokenWithoutId`] for a token of ours without `jti`, [`AuthError::InvalidRefreshToken`] for all
/// else.
pub fn verify(keyring: &Keyring, token: &str, now: Timestamp) -> Result<RefreshToken, AuthError> {
    let invalid = AuthError::InvalidRefreshToken;
    let claims = keyring.open(token).ok_or(invalid)?;
    if !claims.is_of_type(TYPE) || !claims.are_current(now) {
        return Err(invalid);
    }
    let user_id = UserId::new(claims.text("sub").ok_or(invalid)?);
    let session_id = claims.optional_text("sid").ok_or(invalid)?;
    let jti = claims.loose_text("jti").ok_or(invalid)?;
    if jti.is_empty() {
        return Err(AuthError::RefreshTokenWithoutId);
    }
    let id = TokenId::new(claims.text("jti").ok_or(invalid)?);
    let successor = successor(&id);
    let session = match session_id {
        Some(session_id) => SessionReference::Id(SessionId::new(session_id)),
        None => SessionReference::Token { token: id.clone(), successor: successor.clone() },
    };
    Ok(RefreshToken { user_id, id, successor, session })
}
