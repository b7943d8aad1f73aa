//! A password hash as bytes, so that it can be computed in another thread.
//!
//! Four bytes with the length of a head, the head as JSON, and the password to the end: the password alone is secret and
//! stays in memory that is wiped.

use auth101_core::{
    Secret,
    domain::{
        password::Password,
        password_hash::{Argon2Parameters, Argon2Variant, Argon2Version, PasswordHash, SALT_LENGTH},
    },
    hasher::InPlaceHasher,
    port::PasswordHasher,
};
use serde::{Deserialize, Serialize};
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};
use zeroize::Zeroizing;

/// What is to be computed.
#[derive(Serialize, Deserialize)]
pub(crate) enum Head {
    Hash { cost: [u32; 3], salt: [u8; SALT_LENGTH] },
    VerifyArgon2 { variant: u8, version: u8, cost: [u32; 3], salt: Vec<u8>, tag: Vec<u8> },
    VerifyBcrypt { cost: u32, salt: [u8; 16], tag: [u8; 23] },
}

impl Head {
    /// The making of a hash.
    pub(crate) fn hash(salt: &[u8; SALT_LENGTH], parameters: Argon2Parameters) -> Self {
        Self::Hash { cost: cost_of(parameters), salt: *salt }
    }

    /// The verification of a stored hash.
    pub(crate) fn verify(hash: &PasswordHash) -> Self {
        match hash {
            PasswordHash::Argon2 { variant, version, parameters, salt, tag } => Self::VerifyArgon2 {
                variant: match variant {
                    Argon2Variant::D => 0,
                    Argon2Variant::I => 1,
                    Argon2Variant::Id => 2,
                },
                version: match version {
                    Argon2Version::V16 => 16,
                    Argon2Version::V19 => 19,
                },
                cost: cost_of(*parameters),
                salt: salt.clone(),
                tag: tag.expose().clone(),
            },
            PasswordHash::Bcrypt { cost, salt, tag } => {
                Self::VerifyBcrypt { cost: *cost, salt: *salt, tag: *tag.expose() }
            }
        }
    }

    /// The job for a password.
    pub(crate) fn with(&self, password: &Password) -> Option<Zeroizing<Vec<u8>>> {
        let head = serde_json::to_vec(self).ok()?;
        let length = u32::try_from(head.len()).ok()?;
        let mut job = Zeroizing::new(Vec::with_capacity(4 + head.len() + password.as_bytes().len()));
        job.extend_from_slice(&length.to_le_bytes());
        job.extend_from_slice(&head);
        job.extend_from_slice(password.as_bytes());
        Some(job)
    }
}

fn cost_of(parameters: Argon2Parameters) -> [u32; 3] {
    [parameters.memory, parameters.iterations, parameters.parallelism]
}

fn parameters_of([memory, iterations, parallelism]: [u32; 3]) -> Argon2Parameters {
    Argon2Parameters { memory, iterations, parallelism }
}

/// Computes: the tag of a hash that is made, one byte that is 1 where a verification succeeds.
pub(crate) fn run(job: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = job.split_first_chunk::<4>()?;
    let (head, password) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    let password = Password::new(core::str::from_utf8(password).ok()?);
    let hash = match serde_json::from_slice(head).ok()? {
        Head::Hash { cost, salt } => {
            let tag = now(InPlaceHasher.hash(&password, &salt, parameters_of(cost)))?.ok()?;
            return Some(tag.to_vec());
        }
        Head::VerifyArgon2 { variant, version, cost, salt, tag } => PasswordHash::Argon2 {
            variant: match variant {
                0 => Argon2Variant::D,
                1 => Argon2Variant::I,
                _ => Argon2Variant::Id,
            },
            version: if version == 16 { Argon2Version::V16 } else { Argon2Version::V19 },
            parameters: parameters_of(cost),
            salt,
            tag: Secret::new(tag),
        },
        Head::VerifyBcrypt { cost, salt, tag } => PasswordHash::Bcrypt { cost, salt, tag: Secret::new(tag) },
    };
    let verifies = now(InPlaceHasher.verify(&password, &hash))?.ok()?;
    Some(vec![u8::from(verifies)])
}

/// The output of a future that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::domain::password_hash::HashBounds;

    const COST: Argon2Parameters = Argon2Parameters { memory: 8, iterations: 1, parallelism: 1 };
    const BOUNDS: HashBounds = HashBounds {
        argon2: Argon2Parameters { memory: 65_536, iterations: 10, parallelism: 16 },
        argon2_work: 262_144,
        bcrypt_cost: 14,
    };

    fn verify(stored: &str, password: &str) -> Option<Vec<u8>> {
        let hash = PasswordHash::parse(stored, &BOUNDS).unwrap();
        run(&Head::verify(&hash).with(&Password::new(password)).unwrap())
    }

    #[test]
    fn what_a_job_makes_another_verifies() {
        let salt = [7; SALT_LENGTH];
        let tag = run(&Head::hash(&salt, COST).with(&Password::new("pässword\0")).unwrap()).unwrap();
        let stored = COST.phc_string(&salt, &tag.try_into().unwrap());
        assert_eq!(verify(&stored, "pässword\0"), Some(vec![1]));
        assert_eq!(verify(&stored, "password"), Some(vec![0]));
    }

    #[test]
    fn a_job_verifies_bcrypt() {
        let stored = "$2b$04$......................LAtw7/ohmmBAhnXqmkuIz83Rl5Qdjhm";
        assert_eq!(verify(stored, "wrong"), Some(vec![0]));
    }

    #[test]
    fn what_is_no_job_gives_nothing() {
        for job in [&b""[..], b"\x01", b"\xff\xff\xff\xff{}", b"\x02\x00\x00\x00{}", b"\x00\x00\x00\x00password"] {
            assert_eq!(run(job), None);
        }
    }
}
