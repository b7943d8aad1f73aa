//! The Argon2 and bcrypt implementations of [`PasswordHasher`], computed in place.

use crate::{
    domain::{
        password::Password,
        password_hash::{
            Argon2Parameters, Argon2Variant, Argon2Version, BCRYPT_PASSWORD_LENGTH, PasswordHash, SALT_LENGTH,
            TAG_LENGTH,
        },
    },
    port::{HasherError, PasswordHasher},
};
use alloc::{vec, vec::Vec};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Computes hashes where it is called. A hash of the default cost takes about 20 MiB and tens of milliseconds; a
/// JavaScript or WebAssembly host serves nothing else meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct InPlaceHasher;

impl PasswordHasher for InPlaceHasher {
    async fn hash(
        &self,
        password: &Password,
        salt: &[u8; SALT_LENGTH],
        parameters: Argon2Parameters,
    ) -> Result<[u8; TAG_LENGTH], HasherError> {
        let mut tag = [0; TAG_LENGTH];
        argon2(Argon2Variant::Id, Argon2Version::V19, parameters, password, salt, &mut tag)?;
        Ok(tag)
    }

    async fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HasherError> {
        match hash {
            PasswordHash::Argon2 { variant, version, parameters, salt, tag } => {
                let mut computed = Zeroizing::new(vec![0; tag.expose().len()]);
                argon2(*variant, *version, *parameters, password, salt, &mut computed)?;
                Ok(computed.ct_eq(tag.expose()).into())
            }
            PasswordHash::Bcrypt { cost, salt, tag } => Ok(bcrypt_verifies(password, *cost, *salt, tag.expose())),
        }
    }
}

fn argon2(
    variant: Argon2Variant,
    version: Argon2Version,
    parameters: Argon2Parameters,
    password: &Password,
    salt: &[u8],
    tag: &mut [u8],
) -> Result<(), HasherError> {
    let algorithm = match variant {
        Argon2Variant::D => Algorithm::Argon2d,
        Argon2Variant::I => Algorithm::Argon2i,
        Argon2Variant::Id => Algorithm::Argon2id,
    };
    let version = match version {
        Argon2Version::V16 => Version::V0x10,
        Argon2Version::V19 => Version::V0x13,
    };
    let parameters = Params::new(parameters.memory, parameters.iterations, parameters.parallelism, Some(tag.len()))
        .map_err(|_| HasherError::Failed)?;
    // Asked for rather than taken: an allocation that fails would end the whole instance.
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(parameters.block_count()).map_err(|_| HasherError::Failed)?;
    blocks.resize(parameters.block_count(), Block::default());
    Argon2::new(algorithm, version, parameters)
        .hash_password_into_with_memory(password.as_bytes(), salt, tag, &mut blocks)
        .map_err(|_| HasherError::Failed)
}

/// As the reference's bcrypt: the first 72 bytes count, wherever the cut falls, and a password with a NUL never
/// verifies (C implementations end the key there). The work is done all the same, so that time tells nothing.
fn bcrypt_verifies(password: &Password, cost: u32, salt: [u8; 16], tag: &[u8; 23]) -> bool {
    let bytes = password.as_bytes();
    let mut key: Vec<u8> = bytes.iter().take(BCRYPT_PASSWORD_LENGTH).copied().collect();
    if key.len() < BCRYPT_PASSWORD_LENGTH {
        key.push(0);
    }
    let key = Zeroizing::new(key);
    // The reader of stored hashes admits costs of 4 to 31 only, and the key has 1 to 72 bytes: what the crate asserts.
    let computed = Zeroizing::new(bcrypt::bcrypt(cost, salt, &key));
    // Of the 24 bytes that the algorithm gives, the stored form keeps 23.
    let equal: bool = computed.split_last().is_some_and(|(_, kept)| kept.ct_eq(tag).into());
    equal && !bytes.contains(&0)
}
