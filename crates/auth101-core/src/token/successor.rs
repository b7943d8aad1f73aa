//! What a rotation makes of a refresh token.

use crate::domain::identifier::TokenId;
use alloc::string::ToString;
use sha2::{Digest, Sha256};
use uuid::Builder;

/// Keeps this use of SHA-256 apart from every other.
const DOMAIN: &[u8] = b"auth101/rotate/v1\0";

/// The successor of a refresh token: the first 16 bytes of SHA-256 over a fixed prefix and the token's identifier, shaped
/// as a UUID of version 8 (RFC 9562, section 5.8).
///
/// It is a pure function, so racing and repeated requests agree on it without speaking to each other. It needs no
/// secret, because an identifier is worth nothing without a signature over it, and so it survives a change of secret.
#[must_use]
pub fn successor(token: &TokenId) -> TokenId {
    let digest = Sha256::new().chain_update(DOMAIN).chain_update(token.as_str()).finalize();
    let mut bytes = [0; 16];
    for (byte, digested) in bytes.iter_mut().zip(digest) {
        *byte = digested;
    }
    TokenId::new(Builder::from_custom_bytes(bytes).into_uuid().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_is_a_fixed_function_of_its_token() {
        let first = TokenId::new("77777777-7777-4777-b777-777777777777");
        let second = successor(&first);
        assert_eq!(second.as_str(), EXPECTED);
        assert!(second.is_from_rotation() && !first.is_from_rotation());
        assert_eq!(successor(&first), second);
        assert_ne!(successor(&second), second);
    }

    /// From Python: `hashlib.sha256(b"auth101/rotate/v1\0" + jti)`, version and variant set by hand.
    const EXPECTED: &str = "565883aa-2a73-8933-ba80-7ae4c23439f6";
}
