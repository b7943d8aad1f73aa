//! The signing secrets, and the frame around what they sign.

use super::claims::{ReceivedClaims, check_header};
use crate::{event::Pseudonym, secret::Secret};
use alloc::{format, string::String, vec::Vec};
use base64ct::{Base64UrlUnpadded, Encoding};
use core::fmt::Write;
use jwt_compact::{
    Algorithm, AlgorithmExt, AlgorithmSignature, Claims, Header,
    alg::{Hs256, Hs256Key, Hs256Signature},
};
use serde::Serialize;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_LENGTH: usize = 4_096;
/// HMAC-SHA-256 gives this many bytes.
const SIGNATURE_LENGTH: usize = 32;

/// The current secret, which signs, and the previous ones, which only verify: a secret is changed by moving the old one
/// here until the tokens that it signed have expired, and no session is lost.
#[derive(Clone, Debug)]
pub struct Keyring {
    current: Hs256Key,
    previous: Vec<Hs256Key>,
}

/// The token could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SigningError;

impl Keyring {
    /// A keyring over the UTF-8 bytes of each secret.
    #[must_use]
    pub fn new(current: &Secret<String>, previous: &[Secret<String>]) -> Self {
        let key = |secret: &Secret<String>| Hs256Key::new(secret.expose().as_bytes());
        Self { current: key(current), previous: previous.iter().map(key).collect() }
    }

    /// Signs claims, in the order of their fields, under the header `{"alg":"HS256","typ":"JWT"}`.
    pub(super) fn sign(&self, claims: impl Serialize) -> Result<String, SigningError> {
        Hs256
            .token(&Header::empty().with_token_type("JWT"), &Claims::new(claims), &self.current)
            .map_err(|_| SigningError)
    }

    /// The claims of a token that one of the secrets signed; `None` for anything else. What the claims say is not yet
    /// judged.
    pub(super) fn open(&self, token: &str) -> Option<ReceivedClaims> {
        ReceivedClaims::parse(&self.signed_payload(token)?)
    }

    /// The payload, whatever it holds.
    fn signed_payload(&self, token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_TOKEN_LENGTH {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if payload.contains('.') {
            return None;
        }
        check_header(&Base64UrlUnpadded::decode_vec(header).ok()?)?;
        let signature = Base64UrlUnpadded::decode_vec(signature).ok()?;
        let payload = Base64UrlUnpadded::decode_vec(payload).ok()?;
        self.has_signed(signed.as_bytes(), &signature).then_some(payload)
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        if signature.len() != SIGNATURE_LENGTH {
            return false;
        }
        let Ok(signature) = Hs256Signature::try_from_slice(signature) else {
            return false;
        };
        let mut keys = core::iter::once(&self.current).chain(&self.previous);
        keys.any(|key| Hs256.verify_signature(&signature, key, message))
    }

    /// The stand-in for an identifier in the log.
    #[must_use]
    pub fn pseudonym(&self, identifier: &str) -> Pseudonym {
        let digest = Hs256.sign(&self.current, format!("auth101/event/v1\0{identifier}").as_bytes());
        Pseudonym(digest.as_bytes().iter().take(8).fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }
}

#[cfg(test)]
mod wycheproof;
