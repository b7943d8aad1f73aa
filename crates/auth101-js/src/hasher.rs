//! Where passwords are hashed.

use crate::{
    exchange::{Answer, Exchange, Question},
    job::Head,
};
use auth101_core::{
    domain::{
        password::Password,
        password_hash::{Argon2Parameters, PasswordHash, SALT_LENGTH, TAG_LENGTH},
    },
    hasher::InPlaceHasher,
    port::{HasherError, PasswordHasher},
};
use std::rc::Rc;

/// Hashes here, or asks JavaScript to have it done in a worker.
pub(crate) enum Hasher {
    /// On this thread, which does nothing else meanwhile.
    InPlace,
    /// In a worker.
    Elsewhere(Rc<Exchange>),
}

impl PasswordHasher for Hasher {
    async fn hash(
        &self,
        password: &Password,
        salt: &[u8; SALT_LENGTH],
        parameters: Argon2Parameters,
    ) -> Result<[u8; TAG_LENGTH], HasherError> {
        match self {
            Self::InPlace => InPlaceHasher.hash(password, salt, parameters).await,
            Self::Elsewhere(exchange) => {
                let tag = elsewhere(exchange, &Head::hash(salt, parameters), password).await?;
                tag.try_into().map_err(|_| HasherError::Failed)
            }
        }
    }

    async fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HasherError> {
        match self {
            Self::InPlace => InPlaceHasher.verify(password, hash).await,
            Self::Elsewhere(exchange) => match elsewhere(exchange, &Head::verify(hash), password).await?.as_slice() {
                [0] => Ok(false),
                [1] => Ok(true),
                _ => Err(HasherError::Failed),
            },
        }
    }
}

async fn elsewhere(exchange: &Exchange, head: &Head, password: &Password) -> Result<Vec<u8>, HasherError> {
    let job = head.with(password).ok_or(HasherError::Failed)?;
    match exchange.ask(Question::Hash(job)).await {
        Answer::Hash(outcome) => outcome,
        Answer::Batch(_) => Err(HasherError::Failed),
    }
}
