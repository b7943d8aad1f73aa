//! Users, as every answer shows them.

use super::identifier::UserId;
use alloc::string::String;
use serde::{Serialize, Serializer};

/// A row of `users`. Serialises to the six keys of the wire contract, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct User {
    /// Any text; new users get a UUID, version 4.
    #[serde(serialize_with = "as_text")]
    pub id: UserId,
    /// Empty for new users.
    pub name: String,
    /// In normal form for users made here.
    pub email: String,
    /// `false` for new users.
    pub email_verified: bool,
    /// Empty for new users, and where the column is NULL.
    pub image: String,
    /// A user whose flag is off cannot sign in, refresh or read the session.
    pub is_active: bool,
}

impl User {
    /// A user who has just signed up.
    #[must_use]
    pub fn new(id: UserId, email: String) -> Self {
        Self { id, name: String::new(), email, email_verified: false, image: String::new(), is_active: true }
    }
}

fn as_text<S: Serializer>(id: &UserId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(id.as_str())
}
