//! A password hasher that costs nothing.

use crate::executor::give_way;
use auth101_core::{
    domain::{
        password::Password,
        password_hash::{Argon2Parameters, PasswordHash, SALT_LENGTH, TAG_LENGTH},
    },
    port::{HasherError, PasswordHasher},
};
use sha2::{Digest, Sha256};
use std::{cell::Cell, rc::Rc};

/// SHA-256 in the place of Argon2: the flows see PHC strings as ever. Gives way once a call, as a hasher does that works
/// elsewhere, and counts what it is asked. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct CheapHasher {
    hashes: Rc<Cell<usize>>,
    verifications: Rc<Cell<usize>>,
    verified_at: Rc<Cell<Option<Argon2Parameters>>>,
    error: Rc<Cell<Option<HasherError>>>,
}

impl CheapHasher {
    /// How many hashes were made.
    #[must_use]
    pub fn hashes(&self) -> usize {
        self.hashes.get()
    }

    /// How many passwords were verified.
    #[must_use]
    pub fn verifications(&self) -> usize {
        self.verifications.get()
    }

    /// What the last verification of an Argon2 hash would have cost.
    #[must_use]
    pub fn verified_at(&self) -> Option<Argon2Parameters> {
        self.verified_at.get()
    }

    /// From now on every call fails with this, or none does.
    pub fn set_error(&self, error: Option<HasherError>) {
        self.error.set(error);
    }

    fn outcome<T>(&self, value: T) -> Result<T, HasherError> {
        self.error.get().map_or(Ok(value), Err)
    }
}

/// What [`CheapHasher`] verifies this password against: for rows that a test writes itself.
#[must_use]
pub fn stored_hash(password: &str, parameters: Argon2Parameters) -> String {
    let salt = [7; SALT_LENGTH];
    parameters.phc_string(&salt, &tag(password.as_bytes(), &salt, parameters))
}

fn tag(password: &[u8], salt: &[u8], parameters: Argon2Parameters) -> [u8; TAG_LENGTH] {
    let Argon2Parameters { memory, iterations, parallelism } = parameters;
    let costs = [memory, iterations, parallelism].map(u32::to_le_bytes).concat();
    Sha256::new().chain_update(costs).chain_update(salt).chain_update(password).finalize().into()
}

impl PasswordHasher for CheapHasher {
    async fn hash(
        &self,
        password: &Password,
        salt: &[u8; SALT_LENGTH],
        parameters: Argon2Parameters,
    ) -> Result<[u8; TAG_LENGTH], HasherError> {
        self.hashes.set(self.hashes.get() + 1);
        give_way().await;
        self.outcome(tag(password.as_bytes(), salt, parameters))
    }

    async fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HasherError> {
        self.verifications.set(self.verifications.get() + 1);
        give_way().await;
        self.outcome(match hash {
            PasswordHash::Argon2 { parameters, salt, tag: stored, .. } => {
                self.verified_at.set(Some(*parameters));
                tag(password.as_bytes(), salt, *parameters)[..] == stored.expose()[..]
            }
            PasswordHash::Bcrypt { .. } => false,
        })
    }
}
