//! Sessions, and who a request says it comes from.

use super::identifier::{SessionId, TokenId, UserId};
use crate::time::Timestamp;
use alloc::string::String;

/// `session.ip_address` holds this many characters: an IPv6 address with an embedded IPv4 one.
pub const IP_ADDRESS_LENGTH: usize = 45;
/// `session.user_agent` holds this many characters.
pub const USER_AGENT_LENGTH: usize = 512;

/// What a runtime knows of the caller; written to the session row and to nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Client {
    /// The address of the peer as the platform vouches for it, never a header that the peer can write itself.
    pub ip_address: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
}

impl Client {
    /// The same, cut to what the columns hold.
    #[must_use]
    pub fn cut_to_columns(&self) -> Self {
        let cut = |text: &Option<String>, length: usize| {
            text.as_ref().map(|text| text.chars().take(length).collect::<String>()).filter(|text| !text.is_empty())
        };
        Self {
            ip_address: cut(&self.ip_address, IP_ADDRESS_LENGTH),
            user_agent: cut(&self.user_agent, USER_AGENT_LENGTH),
        }
    }

    /// The same without the characters beyond ASCII, which every character set has.
    #[must_use]
    pub fn in_ascii(&self) -> Self {
        let ascii = |text: &Option<String>| {
            text.as_ref()
                .map(|text| text.chars().filter(char::is_ascii).collect::<String>())
                .filter(|text| !text.is_empty())
        };
        Self { ip_address: ascii(&self.ip_address), user_agent: ascii(&self.user_agent) }
    }
}

/// A row of `session`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Stays the same for the life of the session.
    pub id: SessionId,
    /// The `jti` of the one refresh token that is current.
    pub token: TokenId,
    /// Whose it is.
    pub user_id: UserId,
    /// Slides with every rotation.
    pub expires_at: Timestamp,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the current refresh token was made.
    pub updated_at: Timestamp,
}

/// A session to be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewSession {
    /// The row to write; `created_at` and `updated_at` are the time of the sign-in.
    pub session: Session,
    /// Whom it was opened for, cut to the columns.
    pub client: Client,
}

/// How a token names its session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionReference {
    /// By `sid`: every token minted here.
    Id(SessionId),
    /// By `jti`, for refresh tokens that the Python package minted: the row holds this token or, if it has been
    /// rotated here since, the successor.
    Token {
        /// The token's own identifier.
        token: TokenId,
        /// What a rotation here has made of it.
        successor: TokenId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sends_is_cut_to_its_column_in_characters() {
        let client = Client { ip_address: Some("é".repeat(99)), user_agent: Some("🦀".repeat(600)) }.cut_to_columns();
        assert_eq!(client.ip_address.unwrap().chars().count(), 45);
        assert_eq!(client.user_agent.unwrap(), "🦀".repeat(512));
        let ascii = Client { ip_address: None, user_agent: Some("🦀 é App/1".into()) }.in_ascii();
        assert_eq!(ascii.user_agent.unwrap(), "  App/1");
        let nothing = Client { ip_address: Some(String::new()), user_agent: None };
        assert_eq!(nothing.cut_to_columns(), Client::default());
    }
}
