//! Tokens from the outside: read without a key, and minted as the Python package mints them. Written apart from the
//! core's own code, so that neither hides a mistake of the other.

use auth101_core::domain::identifier::{SessionId, TokenId};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The block length of SHA-256 in bytes.
const BLOCK: usize = 64;

/// The claims of a token, whoever signed it.
#[must_use]
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a token has three parts");
    let json = Base64UrlUnpadded::decode_vec(payload).expect("the payload is base64url");
    serde_json::from_slice(&json).expect("the payload is JSON")
}

/// `jti`.
#[must_use]
pub fn token_id(token: &str) -> TokenId {
    TokenId::new(claims(token)["jti"].as_str().expect("a refresh token has a jti"))
}

/// `sid`.
#[must_use]
pub fn session_id(token: &str) -> SessionId {
    SessionId::new(claims(token)["sid"].as_str().expect("a token of ours has a sid"))
}

/// `iat`.
#[must_use]
pub fn issued_at(token: &str) -> i64 {
    claims(token)["iat"].as_i64().expect("iat is a number of seconds")
}

/// Signs claims with HS256.
#[must_use]
pub fn mint(secret: &str, claims: &Value) -> String {
    signed(secret, br#"{"alg":"HS256","typ":"JWT"}"#, claims.to_string().as_bytes())
}

/// Signs a header and a payload, whatever they say.
#[must_use]
pub fn signed(secret: &str, header: &[u8], payload: &[u8]) -> String {
    let signed = [header, payload].map(Base64UrlUnpadded::encode_string).join(".");
    let signature = Base64UrlUnpadded::encode_string(&hmac_sha256(secret.as_bytes(), signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_is_the_rfcs() {
        let tag = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
