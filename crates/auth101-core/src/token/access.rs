//! Access tokens: shown with every call, valid for minutes, bound to a session.

use super::keyring::{Keyring, SigningError};
use crate::{
    domain::{
        identifier::{SessionId, UserId},
        user::User,
    },
    time::Timestamp,
};
use alloc::string::String;
use serde::Serialize;

const TYPE: &str = "access";

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iat: i64,
    exp: i64,
    /// Written because the reference looks users up by it; never read here.
    email: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    sid: &'a str,
}

/// Signs an access token that is valid from `now` for that many seconds.
///
/// # Errors
/// The claims could not be serialised, which no known input causes.
pub fn issue(
    keyring: &Keyring,
    user: &User,
    session: &SessionId,
    now: Timestamp,
    lifetime_seconds: i64,
) -> Result<String, SigningError> {
    keyring.sign(Claims {
        sub: user.id.as_str(),
        iat: now.seconds(),
        exp: now.seconds().saturating_add(lifetime_seconds),
        email: &user.email,
        kind: TYPE,
        sid: session.as_str(),
    })
}

/// What a valid access token says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessToken {
    /// `sub`: whose it is.
    pub user_id: UserId,
    /// `sid`: which session it belongs to. Tokens minted by the Python package name none.
    pub session_id: Option<SessionId>,
}

/// Verifies signature, type and times. The session is not looked up.
#[must_use]
pub fn verify(keyring: &Keyring, token: &str, now: Timestamp) -> Option<AccessToken> {
    let claims = keyring.open(token)?;
    if !claims.is_of_type(TYPE) || !claims.are_current(now) {
        return None;
    }
    claims.loose_text("jti")?;
    Some(AccessToken {
        user_id: UserId::new(claims.text("sub")?),
        session_id: claims.optional_text("sid")?.map(SessionId::new),
    })
}
