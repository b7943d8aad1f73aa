//! Stored password hashes: a strict reader for what the reference verifies, and nothing else.
//!
//! The argon2 crate's own PHC parser refuses salts over 48 bytes and reads a missing version as 0x13 where the format
//! means 0x10, so the text is taken apart here and the raw functions get bytes. Parameters are bounded before any work
//! is done: a row of the table must not be able to stall the service.

use crate::{domain::password::Password, secret::Secret};
use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use base64ct::{Base64Bcrypt, Base64Unpadded, Encoding};

/// The length of a new salt in bytes (RFC 9106, section 4).
pub const SALT_LENGTH: usize = 16;
/// The length of a new tag in bytes.
pub const TAG_LENGTH: usize = 32;
/// The lengths of salts that the reference verifies, in bytes.
const SALT_LENGTHS: core::ops::RangeInclusive<usize> = 8..=64;
/// The lengths of tags that the reference verifies, in bytes.
const TAG_LENGTHS: core::ops::RangeInclusive<usize> = 16..=64;
/// `account.password` holds 255 characters.
const MAX_HASH_LENGTH: usize = 255;
/// The bytes of a password that bcrypt looks at.
pub const BCRYPT_PASSWORD_LENGTH: usize = 72;

/// Which Argon2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Argon2Variant {
    /// Argon2d.
    D,
    /// Argon2i.
    I,
    /// Argon2id, the only one that is written.
    Id,
}

/// Which revision of Argon2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Argon2Version {
    /// 0x10, which a string without a version means.
    V16,
    /// 0x13, RFC 9106.
    V19,
}

/// The cost of one Argon2 hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argon2Parameters {
    /// `m`, in KiB.
    pub memory: u32,
    /// `t`, passes over the memory.
    pub iterations: u32,
    /// `p`, lanes.
    pub parallelism: u32,
}

/// A hash that can be verified.
#[derive(Clone, Debug)]
pub enum PasswordHash {
    /// `$argon2id$v=19$m=…,t=…,p=…$salt$tag`
    Argon2 {
        /// Which Argon2.
        variant: Argon2Variant,
        /// Which revision.
        version: Argon2Version,
        /// The cost.
        parameters: Argon2Parameters,
        /// 8 to 64 bytes.
        salt: Vec<u8>,
        /// 16 to 64 bytes.
        tag: Secret<Vec<u8>>,
    },
    /// `$2b$12$…`
    Bcrypt {
        /// The logarithm to base 2 of the rounds.
        cost: u32,
        /// The salt.
        salt: [u8; 16],
        /// The checksum: 23 of the 24 bytes that the algorithm gives.
        tag: Secret<[u8; 23]>,
    },
}

/// The most that verifying one stored hash may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HashBounds {
    /// The highest Argon2 parameters, each by itself.
    pub argon2: Argon2Parameters,
    /// The most that one Argon2 hash may fill in all its passes, in KiB: memory times passes, which is what it costs.
    pub argon2_work: u32,
    /// The highest bcrypt cost.
    pub bcrypt_cost: u32,
}

/// Which stored hashes a successful sign-in replaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RehashPolicy {
    /// bcrypt, and Argon2 weaker than configured.
    #[default]
    Upgrade,
    /// All that differ from the configured parameters, stronger ones too.
    Match,
}

impl PasswordHash {
    /// Reads a stored hash. `None` for a kind that the reference does not verify, for a malformed one, and for one
    /// whose verification would cost more than the bounds allow.
    #[must_use]
    pub fn parse(text: &str, bounds: &HashBounds) -> Option<Self> {
        if text.len() > MAX_HASH_LENGTH {
            return None;
        }
        if text.starts_with("$argon2") { parse_argon2(text, bounds) } else { parse_bcrypt(text, bounds) }
    }

    /// A hash of no password, of the given cost: what an unknown address is verified against, so that it takes as
    /// long as a known one.
    #[must_use]
    pub fn dummy(parameters: Argon2Parameters) -> Self {
        Self::Argon2 {
            variant: Argon2Variant::Id,
            version: Argon2Version::V19,
            parameters,
            salt: [0; SALT_LENGTH].to_vec(),
            tag: Secret::new([0; TAG_LENGTH].to_vec()),
        }
    }

    /// Whether verifying a password looks at all of it. bcrypt looks at the first 72 bytes only.
    #[must_use]
    pub fn covers(&self, password: &Password) -> bool {
        match self {
            Self::Argon2 { .. } => true,
            Self::Bcrypt { .. } => password.as_bytes().len() <= BCRYPT_PASSWORD_LENGTH,
        }
    }

    /// Whether a successful sign-in should replace this hash by one with these parameters.
    #[must_use]
    pub fn needs_rehash(&self, configured: Argon2Parameters, policy: RehashPolicy) -> bool {
        let Self::Argon2 { variant: Argon2Variant::Id, version: Argon2Version::V19, parameters, salt, tag } = self
        else {
            return true;
        };
        match policy {
            RehashPolicy::Match => {
                *parameters != configured || salt.len() != SALT_LENGTH || tag.expose().len() != TAG_LENGTH
            }
            RehashPolicy::Upgrade => {
                parameters.memory < configured.memory
                    || parameters.work() < configured.work()
                    || salt.len() < SALT_LENGTH
                    || tag.expose().len() < TAG_LENGTH
            }
        }
    }
}

impl Argon2Parameters {
    /// KiB filled in all passes.
    pub(crate) const fn work(self) -> u64 {
        self.memory as u64 * self.iterations as u64
    }

    const fn within(self, bounds: &HashBounds) -> bool {
        self.memory <= bounds.argon2.memory
            && self.iterations <= bounds.argon2.iterations
            && self.parallelism <= bounds.argon2.parallelism
            && self.work() <= bounds.argon2_work as u64
    }

    /// The PHC string of a tag made with these parameters, in the form that the reference verifies: parameters in the
    /// order m, t, p and unpadded standard base64.
    #[must_use]
    pub fn phc_string(self, salt: &[u8; SALT_LENGTH], tag: &[u8; TAG_LENGTH]) -> String {
        format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            self.memory,
            self.iterations,
            self.parallelism,
            Base64Unpadded::encode_string(salt),
            Base64Unpadded::encode_string(tag)
        )
    }
}

fn parse_argon2(text: &str, bounds: &HashBounds) -> Option<PasswordHash> {
    let mut fields = text.split('$').skip(1);
    let variant = match fields.next()? {
        "argon2d" => Argon2Variant::D,
        "argon2i" => Argon2Variant::I,
        "argon2id" => Argon2Variant::Id,
        _ => return None,
    };
    let field = fields.next()?;
    let (version, costs) = match field.strip_prefix("v=") {
        Some("19") => (Argon2Version::V19, fields.next()?),
        Some("16") => (Argon2Version::V16, fields.next()?),
        Some(_) => return None,
        None => (Argon2Version::V16, field),
    };
    let mut costs = costs.split(',');
    let parameters = Argon2Parameters {
        memory: decimal(costs.next()?.strip_prefix("m=")?)?,
        iterations: decimal(costs.next()?.strip_prefix("t=")?)?,
        parallelism: decimal(costs.next()?.strip_prefix("p=")?)?,
    };
    if costs.next().is_some() {
        return None;
    }
    let salt = Base64Unpadded::decode_vec(fields.next()?).ok()?;
    let tag = Secret::new(Base64Unpadded::decode_vec(fields.next()?).ok()?);
    if fields.next().is_some() {
        return None;
    }
    // RFC 9106, section 3.1: at least 8 KiB a lane.
    let well_formed = parameters.iterations >= 1
        && parameters.parallelism >= 1
        && u64::from(parameters.memory) >= 8 * u64::from(parameters.parallelism)
        && SALT_LENGTHS.contains(&salt.len())
        && TAG_LENGTHS.contains(&tag.expose().len());
    (well_formed && parameters.within(bounds)).then_some(PasswordHash::Argon2 {
        variant,
        version,
        parameters,
        salt,
        tag,
    })
}

fn parse_bcrypt(text: &str, bounds: &HashBounds) -> Option<PasswordHash> {
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let (cost, encoded) = rest.split_once('$')?;
    if cost.len() != 2 || encoded.len() != 53 {
        return None;
    }
    let cost: u32 = cost.bytes().all(|byte| byte.is_ascii_digit()).then(|| cost.parse().ok())??;
    let (salt, tag) = encoded.split_at_checked(22)?;
    let salt = bcrypt_base64(salt)?.try_into().ok()?;
    let tag = bcrypt_base64(tag)?.try_into().ok()?;
    (4..=bounds.bcrypt_cost).contains(&cost).then_some(PasswordHash::Bcrypt { cost, salt, tag: Secret::new(tag) })
}

/// bcrypt's own base64, whose last character carries bits that do not count: other implementations set them at will, so
/// they are cleared before the strict decoder sees them.
fn bcrypt_base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &str = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let spare_bits = match text.len() % 4 {
        2 => 4,
        3 => 2,
        _ => return None,
    };
    let (body, last) = text.split_at_checked(text.len() - 1)?;
    let value = ALPHABET.find(last)?;
    let cleared = value >> spare_bits << spare_bits;
    let mut canonical = body.to_owned();
    canonical.push(ALPHABET.chars().nth(cleared)?);
    Base64Bcrypt::decode_vec(&canonical).ok()
}

/// A decimal number without a sign, as PHC strings write them. Leading zeros are not of the format.
fn decimal(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: HashBounds = HashBounds {
        argon2: Argon2Parameters { memory: 65_536, iterations: 10, parallelism: 16 },
        argon2_work: 262_144,
        bcrypt_cost: 14,
    };
    const OURS: Argon2Parameters = Argon2Parameters { memory: 19_456, iterations: 2, parallelism: 1 };
    const SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";
    const TAG: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn parse(text: &str) -> Option<PasswordHash> {
        PasswordHash::parse(text, &BOUNDS)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = OURS.phc_string(&[7; 16], &[9; 32]);
        assert_eq!(text.len(), 97, "as long as the reference's");
        let Some(PasswordHash::Argon2 { variant, version, parameters, salt, tag }) = parse(&text) else {
            panic!("not read: {text}");
        };
        assert_eq!((variant, version, parameters), (Argon2Variant::Id, Argon2Version::V19, OURS));
        assert_eq!((salt.as_slice(), tag.expose().as_slice()), (&[7; 16][..], &[9; 32][..]));
    }

    #[test]
    fn a_missing_version_means_the_first() {
        let hash = parse(&format!("$argon2i$m=64,t=3,p=1${SALT}${TAG}"));
        assert!(matches!(
            hash,
            Some(PasswordHash::Argon2 { version: Argon2Version::V16, variant: Argon2Variant::I, .. })
        ));
    }

    #[test]
    fn what_the_reference_does_not_verify_is_not_read() {
        for text in [
            format!("$argon2id$v=19$t=3,m=65536,p=4${SALT}${TAG}"),
            format!("$argon2id$v=19$m=65536,t=3,p=4,keyid=AA${SALT}${TAG}"),
            format!("$argon2id$v=18$m=65536,t=3,p=4${SALT}${TAG}"),
            format!("$argon2id$v=19$m=65536,t=3,p=4${SALT}==${TAG}="),
            format!("$argon2id$v=19$m=65536,t=3,p=4${SALT}${TAG}\n"),
            format!(" $argon2id$v=19$m=65536,t=3,p=4${SALT}${TAG}"),
            format!("$ARGON2ID$v=19$m=65536,t=3,p=4${SALT}${TAG}"),
            format!("$argon2id$v=19$m=65536,t=3,p=4${SALT}${TAG}$"),
            format!("$argon2id$v=19$m=+65536,t=3,p=4${SALT}${TAG}"),
            format!("$argon2id$v=19$m=65536,t=0,p=4${SALT}${TAG}"),
            format!("$argon2id$v=19$m=8,t=1,p=2${SALT}${TAG}"),
            format!("$argon2id$v=19$m=64,t=1,p=1$AAAA${TAG}"),
            format!("$argon2id$v=19$m=64,t=1,p=1${SALT}$AAAA"),
            format!("argon2$argon2id$v=19$m=64,t=1,p=1${SALT}${TAG}"),
            "$2x$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy".into(),
            "$2b$12$tooshort".into(),
            "pbkdf2_sha256$600000$salt$hash".into(),
            "plain".into(),
            String::new(),
            "$argon2id$".repeat(99),
        ] {
            assert!(parse(&text).is_none(), "{text}");
        }
    }

    #[test]
    fn costs_beyond_the_bounds_are_refused_before_any_work() {
        let argon2 =
            |m: u32, t: u32, p: u32| parse(&format!("$argon2id$v=19$m={m},t={t},p={p}${SALT}${TAG}")).is_some();
        assert!(argon2(65_536, 4, 16) && argon2(26_214, 10, 16));
        assert!(argon2(65_536, 3, 4), "the reference's own");
        assert!(!argon2(65_536, 5, 1) && !argon2(26_215, 10, 1), "each parameter is within its bound, the work is not");
        assert!(!argon2(65_537, 1, 1));
        assert!(!argon2(64, 11, 1));
        assert!(!argon2(65_536, 1, 17));
        assert!(!argon2(u32::MAX, u32::MAX, u32::MAX));
        let bcrypt =
            |cost: &str| parse(&format!("$2b${cost}$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy")).is_some();
        assert!(bcrypt("04") && bcrypt("14"));
        assert!(!bcrypt("15") && !bcrypt("31") && !bcrypt("99") && !bcrypt("03") && !bcrypt("+4"));
    }

    #[test]
    fn rehash_upgrades_and_by_option_matches() {
        let hash = |m: u32, t: u32, salt: usize| PasswordHash::Argon2 {
            variant: Argon2Variant::Id,
            version: Argon2Version::V19,
            parameters: Argon2Parameters { memory: m, iterations: t, parallelism: 1 },
            salt: [0; 64].into_iter().take(salt).collect(),
            tag: Secret::new([0; 32].to_vec()),
        };
        let bcrypt = PasswordHash::Bcrypt { cost: 14, salt: [0; 16], tag: Secret::new([0; 23]) };
        for (stored, upgrade, matching) in [
            (hash(19_456, 2, 16), false, false),
            (hash(65_536, 3, 16), false, true),
            (hash(65_536, 1, 16), false, true),
            (hash(19_455, 10, 16), true, true),
            (hash(19_456, 1, 16), true, true),
            (hash(19_456, 2, 8), true, true),
            (bcrypt, true, true),
        ] {
            assert_eq!(stored.needs_rehash(OURS, RehashPolicy::Upgrade), upgrade, "{stored:?}");
            assert_eq!(stored.needs_rehash(OURS, RehashPolicy::Match), matching, "{stored:?}");
        }
    }

    #[test]
    fn debug_shows_no_tag() {
        let shown = format!("{:?}", parse(&OURS.phc_string(&[7; 16], &[9; 32])));
        assert!(shown.contains("Secret(_)") && !shown.contains("9, 9"), "{shown}");
    }
}
