//! The identifiers of rows.

use crate::port::{Random, RandomError};
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

            /// A new UUID, version 4: 122 random bits from the platform (RFC 9562, section 5.4).
            ///
            /// # Errors
            /// The platform's source of randomness failed.
            pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
                Ok(Self(random_uuid(random)?))
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

fn random_uuid(random: &dyn Random) -> Result<String, RandomError> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes)?;
    Ok(Builder::from_random_bytes(bytes).into_uuid().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;
    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
            bytes.fill(0x77);
            Ok(())
        }
    }

    struct Broken;
    impl Random for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError)
        }
    }

    #[test]
    fn new_identifiers_are_version_4_in_lower_case() {
        let id = UserId::generate(&Sevens).unwrap();
        assert_eq!(id.as_str(), "77777777-7777-4777-b777-777777777777");
        assert!(!TokenId::new(id.as_str()).is_from_rotation());
    }

    #[test]
    fn broken_randomness_is_an_error_and_never_a_weak_identifier() {
        assert_eq!(SessionId::generate(&Broken), Err(RandomError));
    }
}
