//! Tokens made and taken apart without the product's code, so that neither can excuse the other.

use super::{
    json::Json,
    scope::{Scope, unix_now},
};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The header of every token that the product signs.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// How long ago a fresh token may have been made, in seconds: what a slow machine needs between two steps.
const FRESH_SECONDS: i64 = 30;

/// Makes a token and binds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mint {
    mint: String,
    /// JSON, or its text where it is a string.
    #[serde(default = "header")]
    header: Json,
    /// JSON, or its text where it is a string.
    claims: Json,
    #[serde(default = "secret")]
    secret: String,
    #[serde(default = "hash")]
    hash: String,
}

/// Checks what a token says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decode {
    decode: String,
    #[serde(default = "secret")]
    secret: String,
    claims: Json,
    /// `exp - iat`
    #[serde(default)]
    lifetime: Option<i64>,
    /// Whether `iat` must be now.
    #[serde(default)]
    fresh: bool,
}

fn header() -> Json {
    Json::Text(HEADER.to_owned())
}

fn secret() -> String {
    "${secret}".to_owned()
}

fn hash() -> String {
    "SHA-256".to_owned()
}

impl Mint {
    pub(super) fn run(&self, scope: &mut Scope) -> Result<(), String> {
        let part = |template: &Json| -> Result<String, String> {
            let text = match scope.resolve(template)? {
                Json::Text(text) => text,
                other => other.to_string(),
            };
            Ok(Base64UrlUnpadded::encode_string(text.as_bytes()))
        };
        let signed = format!("{}.{}", part(&self.header)?, part(&self.claims)?);
        let key = scope.text(&self.secret)?;
        let (key, message) = (key.as_bytes(), signed.as_bytes());
        let signature = match scope.text(&self.hash)?.as_str() {
            "SHA-256" => hmac::<Sha256, 64>(key, message),
            "SHA-384" => hmac::<Sha384, 128>(key, message),
            "SHA-512" => hmac::<Sha512, 128>(key, message),
            other => return Err(format!("no such hash: {other}")),
        };
        let token = format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature));
        scope.bind(&self.mint, Json::Text(token));
        Ok(())
    }
}

impl Decode {
    pub(super) fn run(&self, scope: &mut Scope) -> Result<(), String> {
        let token = scope.text(&self.decode)?;
        let (signed, signature) = token.rsplit_once('.').ok_or("not a token")?;
        let (header, payload) = signed.split_once('.').ok_or("not a token")?;
        let bytes = |part: &str| Base64UrlUnpadded::decode_vec(part).map_err(|_| format!("not base64url: {part}"));
        let text = |part: &str| String::from_utf8(bytes(part)?).map_err(|_| format!("not UTF-8: {part}"));
        let key = scope.text(&self.secret)?;
        if bytes(signature)? != hmac::<Sha256, 64>(key.as_bytes(), signed.as_bytes()) {
            return Err("another secret signed it".to_owned());
        }
        let (header, payload) = (text(header)?, text(payload)?);
        if header != HEADER {
            return Err(format!("expected the header {HEADER}\n     got: {header}"));
        }
        scope.expect_json(&self.claims, &payload)?;
        let claims: Json = serde_json::from_str(&payload).map_err(|error| error.to_string())?;
        let integer = |name: &str| match claims.get(name) {
            Some(Json::Number(number)) => number.as_i64().ok_or_else(|| format!("{name} is no integer: {payload}")),
            _ => Err(format!("{name} is no number: {payload}")),
        };
        let (issued, expires, now) = (integer("iat")?, integer("exp")?, unix_now());
        if let Some(lifetime) = self.lifetime.filter(|lifetime| expires - issued != *lifetime) {
            return Err(format!("expected exp - iat to be {lifetime}\n     got: {}", expires - issued));
        }
        if self.fresh && !(now - FRESH_SECONDS..=now).contains(&issued) {
            return Err(format!("expected iat to be now, {now}\n     got: {issued}"));
        }
        Ok(())
    }
}

/// HMAC (RFC 2104).
fn hmac<D: Digest, const BLOCK: usize>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; BLOCK];
    let key = if key.len() > BLOCK { D::digest(key).to_vec() } else { key.to_vec() };
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte = key);
    let inner = D::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    D::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}
