//! The identifiers of rows.

use alloc::string::{String, ToString};
use uuid::Builder;

/// The length of a new identifier in text.
const UUID_LENGTH: usize = 36;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes over an identifier that is already in the tables or in a token; any non-empty text may be one.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// A new UUID, version 4: 122 of these bits, which the platform drew at random (RFC 9562, section 5.4).
            #[must_use]
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(Builder::from_random_bytes(bytes).into_uuid().to_string())
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier! {
    /// `users.id`, and `sub` in a token.
    UserId
}
identifier! {
    /// `account.id`.
    AccountId
}
identifier! {
    /// `session.id`, and `sid` in a token.
    SessionId
}
identifier! {
    /// `session.token`, and `jti` in a refresh token. Version 4 from a sign-in, version 8 from a rotation
    /// ([`crate::token::successor`]).
    TokenId
}

impl TokenId {
    /// Whether a rotation made this identifier: the version nibble of the UUID is 8.
    #[must_use]
    pub fn is_from_rotation(&self) -> bool {
        self.0.len() == UUID_LENGTH && self.0.as_bytes().get(14) == Some(&b'8')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_identifiers_are_version_4_in_lower_case() {
        let id = UserId::from_random([0x77; 16]);
        assert_eq!(id.as_str(), "77777777-7777-4777-b777-777777777777");
        assert!(!TokenId::new(id.as_str()).is_from_rotation());
    }
}
