//! What the routes read from a body.

use super::{
    body::{Member, Parsed, parse},
    style::{Refusal, SchemaError},
};
use crate::{config::ResponseStyle, domain::password::Password, error::AuthError};
use alloc::{string::String, vec::Vec};
use zeroize::Zeroizing;

/// The members of a sign-up and a sign-in.
pub(super) const CREDENTIALS: [&str; 2] = ["email", "password"];
/// The member of a refresh and a revocation.
pub(super) const REFRESH_TOKEN: [&str; 1] = ["refresh_token"];

/// Reads bodies in the manner of a style.
pub(super) struct Reader<'a> {
    pub(super) style: ResponseStyle,
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a [u8],
    /// What is answered where a member is missing, empty or no text.
    pub(super) unproven: AuthError,
}

impl Reader<'_> {
    /// `email` and `password`.
    pub(super) fn credentials(&self) -> Result<(Zeroizing<String>, Password), Refusal> {
        let members = self.members(CREDENTIALS)?;
        match members {
            Some([Member::Text(email), Member::Text(password)]) if !password.is_empty() => {
                Ok((email, Password::new(password.as_str())))
            }
            _ => Err(self.unproven.into()),
        }
    }

    /// `refresh_token`.
    pub(super) fn refresh_token(&self) -> Result<Zeroizing<String>, Refusal> {
        match self.members(REFRESH_TOKEN)? {
            Some([Member::Text(token)]) if !token.is_empty() => Ok(token),
            Some([Member::Truthy | Member::Surrogates]) => Err(AuthError::InvalidRefreshToken.into()),
            // To FastAPI an empty text is a text, and a token like any other that is not one.
            Some([Member::Text(_)]) if self.style == ResponseStyle::FastApi => {
                Err(AuthError::InvalidRefreshToken.into())
            }
            _ => Err(self.unproven.into()),
        }
    }

    /// The members, `None` where the body has none. FastAPI refuses here what does not fit its model.
    fn members<const N: usize>(&self, names: [&'static str; N]) -> Result<Option<[Member; N]>, Refusal> {
        let parsed = parse(self.body, names);
        if self.style == ResponseStyle::Default {
            return Ok(match parsed {
                Parsed::Object(members) => Some(members),
                Parsed::Empty | Parsed::NotAnObject | Parsed::Malformed | Parsed::NotUtf8 => None,
            });
        }
        let schema = |error| Err(Refusal::Schema(Vec::from([error])));
        match parsed {
            Parsed::Empty => schema(SchemaError::BODY_MISSING),
            _ if !self.content_type.is_some_and(is_json) => schema(SchemaError::NOT_AN_OBJECT),
            Parsed::NotAnObject => schema(SchemaError::NOT_AN_OBJECT),
            Parsed::Malformed => schema(SchemaError::INVALID_JSON),
            Parsed::NotUtf8 => Err(Refusal::Undecodable),
            Parsed::Object(members) => {
                let errors: Vec<SchemaError> = names
                    .into_iter()
                    .zip(&members)
                    .filter_map(|(name, member)| match member {
                        Member::Absent => Some(SchemaError::missing(name)),
                        Member::Falsy | Member::Truthy => Some(SchemaError::not_text(name)),
                        Member::Text(_) | Member::Surrogates => None,
                    })
                    .collect();
                if errors.is_empty() { Ok(Some(members)) } else { Err(Refusal::Schema(errors)) }
            }
        }
    }
}

/// What FastAPI takes for JSON: `application/json` and `application/…+json`, with any parameters.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}
