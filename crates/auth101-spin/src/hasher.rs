//! Hashing beside transactions.

use crate::{load::Load, transaction};
use auth101_core::{
    domain::{
        password::Password,
        password_hash::{Argon2Parameters, PasswordHash, SALT_LENGTH, TAG_LENGTH},
    },
    hasher::InPlaceHasher,
    port::{HasherError, PasswordHasher},
};
use spin_sdk::time::sleep;
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// How often it is asked whether the transactions have ended, and for how long. A quarter of a second is more than one takes
/// that waits for nobody, also on a server that is some milliseconds away.
const PAUSE: Duration = Duration::from_millis(2);
const PAUSES: u32 = 125;

thread_local! {
    static LOAD: Cell<Load> = Cell::new(Load::default());
}

/// Computes in place, one after the other, each once the transactions have ended that other requests of the instance had
/// open. The instance has one thread, which a hash keeps for tens of milliseconds: a transaction that met one before each
/// of its statements would hold its locks that long every time, and everybody else who writes would wait.
///
/// Whoever would wait too long is refused at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsiderateHasher;

impl PasswordHasher for ConsiderateHasher {
    async fn hash(
        &self,
        password: &Password,
        salt: &[u8; SALT_LENGTH],
        parameters: Argon2Parameters,
    ) -> Result<[u8; TAG_LENGTH], HasherError> {
        in_turn(async || InPlaceHasher.hash(password, salt, parameters).await).await
    }

    async fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HasherError> {
        in_turn(async || InPlaceHasher.verify(password, hash).await).await
    }
}

async fn in_turn<T>(compute: impl AsyncFnOnce() -> Result<T, HasherError>) -> Result<T, HasherError> {
    LOAD.get().admit(transaction::waiting())?;
    let came = Instant::now();
    transaction::turn(PAUSES, || sleep(PAUSE)).await;
    LOAD.get().begin(came.elapsed(), transaction::waiting())?;
    let begun = Instant::now();
    let outcome = compute().await;
    LOAD.set(LOAD.get().with(begun.elapsed()));
    outcome
}
