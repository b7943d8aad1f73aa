//! Hashing beside transactions.

use crate::transaction;
use auth101_core::{
    domain::{
        password::Password,
        password_hash::{Argon2Parameters, PasswordHash, SALT_LENGTH, TAG_LENGTH},
    },
    hasher::InPlaceHasher,
    port::{HasherError, PasswordHasher},
};
use spin_sdk::time::sleep;
use std::time::Duration;

/// How often it is asked whether the transactions have ended, and for how long. A quarter of a second is more than one takes
/// that waits for nobody, also on a server that is some milliseconds away.
const PAUSE: Duration = Duration::from_millis(2);
const PAUSES: u32 = 125;

/// Computes in place, one after the other, each once the transactions have ended that other requests of the instance had
/// open. The instance has one thread, which a hash keeps for tens of milliseconds: a transaction that met one before each
/// of its statements would hold its locks that long every time, and everybody else who writes would wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsiderateHasher;

impl PasswordHasher for ConsiderateHasher {
    async fn hash(
        &self,
        password: &Password,
        salt: &[u8; SALT_LENGTH],
        parameters: Argon2Parameters,
    ) -> Result<[u8; TAG_LENGTH], HasherError> {
        transaction::turn(PAUSES, || sleep(PAUSE)).await;
        InPlaceHasher.hash(password, salt, parameters).await
    }

    async fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HasherError> {
        transaction::turn(PAUSES, || sleep(PAUSE)).await;
        InPlaceHasher.verify(password, hash).await
    }
}
