//! The credential that a user signs in with.

use super::{
    identifier::{AccountId, UserId},
    user::User,
};
use crate::{secret::Secret, time::Timestamp};
use alloc::string::String;

/// `account.provider_id` of an e-mail and password account. Rows of other providers are never read.
pub const CREDENTIAL_PROVIDER: &str = "credential";

/// What sign-in reads of one address.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user with that address.
    pub user: User,
    /// The credential account, if the user has one.
    pub account: Option<StoredPassword>,
}

/// The password of an account, hashed.
#[derive(Clone, Debug)]
pub struct StoredPassword {
    /// Which row holds it.
    pub account_id: AccountId,
    /// `account.password` as it stands; `None` where the column is NULL.
    pub hash: Option<Secret<String>>,
}

/// A new credential account. `account_id` (the provider's name for the user) is the normalised address, as in the
/// reference.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// A new identifier.
    pub id: AccountId,
    /// Whose it is.
    pub user_id: UserId,
    /// The hash in PHC form.
    pub password_hash: Secret<String>,
    /// Also `updated_at`.
    pub created_at: Timestamp,
}

/// A better hash of the password that was just verified.
#[derive(Clone, Debug)]
pub struct Rehash {
    /// Replaces the verified one, if that still stands.
    pub password_hash: Secret<String>,
}
