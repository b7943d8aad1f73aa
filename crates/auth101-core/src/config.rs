//! Configuration: [`Options`] as a host writes them, [`Config`] once they are checked.
//!
//! Only a [`Config`] builds an [`crate::Auth101`], so a mistake shows when the service starts and not in the middle of
//! somebody's sign-up.

pub mod option;
mod problem;

pub use problem::{ConfigError, Range, SettingProblem, Spelling};

use crate::{
    domain::password_hash::{Argon2Parameters, HashBounds, RehashPolicy},
    secret::Secret,
    time::Timestamp,
    token::keyring::Keyring,
};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use serde_json::{Map, Value};

/// Shorter secrets can be guessed from one token: HS256 wants a key at least as long as its hash (RFC 7518,
/// section 3.2).
pub const STRONG_SECRET_BYTES: usize = 32;
/// The longest lifetime of a token or session: 100 years, in minutes.
const MAX_LIFETIME_MINUTES: f64 = 52_560_000.0;
/// A longer grace period than an hour would let a stolen token live.
const GRACE: Range = Range { least: 0, most: Some(3_600), unit: "seconds" };
/// No password is longer than [`crate::domain::password::MAX_LENGTH`].
const PASSWORD_LENGTH: Range = Range { least: 1, most: Some(4_096), unit: "characters" };
/// bcrypt counts its rounds in a 32-bit word.
const BCRYPT_COST: Range = Range { least: 4, most: Some(31), unit: "" };
/// A cost of Argon2.
const POSITIVE: Range = Range { least: 1, most: None, unit: "" };

/// The settings as a host gives them. The defaults are complete but for the secret.
#[derive(Clone, Debug)]
pub struct Options {
    /// Signs the tokens. Required; 32 bytes or more.
    pub secret: Option<Secret<String>>,
    /// Secrets that only verify, newest first.
    pub previous_secrets: Vec<Secret<String>>,
    /// Accept a secret under 32 bytes.
    pub allow_short_secret: bool,
    /// Lifetime of an access token in minutes; fractions are cut to whole seconds.
    pub access_token_expires_in: f64,
    /// Lifetime of a refresh token in minutes, counted anew at each rotation.
    pub refresh_token_expires_in: f64,
    /// Lifetime of a session in minutes from its sign-in, whatever its rotations. None by default.
    pub session_absolute_lifetime: Option<f64>,
    /// How long a superseded refresh token is still answered, in seconds. 0 makes every token single-use.
    pub refresh_grace_period: u32,
    /// The shortest password that sign-up takes, in characters.
    pub password_min_length: u32,
    /// Where the routes are mounted.
    pub base_path: String,
    /// How answers are dressed.
    pub response_style: ResponseStyle,
    /// The web origins that may call the routes from a browser, or `*`.
    pub cors_origins: Vec<String>,
    /// The cost of new password hashes.
    pub argon2: Argon2Parameters,
    /// Accept a cost below OWASP's recommendation.
    pub allow_weak_argon2: bool,
    /// Which stored hashes a sign-in replaces.
    pub rehash: RehashPolicy,
    /// The most that verifying a stored hash may cost.
    pub hash_bounds: HashBounds,
    /// The names of tables and columns, for a store that has them.
    pub entities: EntityOptions,
}

/// How the tables and columns are called, as the host gives it: objects in the reference's forms (section 4). They are
/// checked by the store that they are for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EntityOptions {
    /// `{"model_name": …, "fields": {…}}`: the users' table that we manage, under other names.
    pub user: Option<Map<String, Value>>,
    /// `{"table_name": …, "fields": {…}}` or flat: the host's own users' table, which is never created or migrated.
    pub user_field_mapping: Option<Map<String, Value>>,
    /// `{"model_name": …, "fields": {…}}`; a customised table is the host's to create.
    pub session: Option<Map<String, Value>>,
    /// Likewise.
    pub account: Option<Map<String, Value>>,
    /// Likewise.
    pub verification: Option<Map<String, Value>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            secret: None,
            previous_secrets: Vec::new(),
            allow_short_secret: false,
            access_token_expires_in: 60.0,
            refresh_token_expires_in: 10_080.0,
            session_absolute_lifetime: None,
            refresh_grace_period: 10,
            password_min_length: 6,
            base_path: "/auth".to_owned(),
            response_style: ResponseStyle::Default,
            cors_origins: Vec::new(),
            argon2: Argon2Parameters { memory: 19_456, iterations: 2, parallelism: 1 },
            allow_weak_argon2: false,
            rehash: RehashPolicy::Upgrade,
            hash_bounds: HashBounds {
                argon2: Argon2Parameters { memory: 65_536, iterations: 10, parallelism: 16 },
                argon2_work: 262_144,
                bcrypt_cost: 14,
            },
            entities: EntityOptions::default(),
        }
    }
}

/// Checked settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The secrets.
    pub keyring: Keyring,
    /// Lifetime of an access token in seconds, and `expires_in` of every answer.
    pub access_token_seconds: i64,
    /// Lifetime of a refresh token in seconds.
    pub refresh_token_seconds: i64,
    /// Lifetime of a session in seconds, if it has one.
    pub session_absolute_seconds: Option<i64>,
    /// The grace period in seconds.
    pub grace_seconds: i64,
    /// The shortest password in characters.
    pub password_min_length: usize,
    /// Empty, or starting with `/` and not ending with one.
    pub base_path: String,
    /// How answers are dressed.
    pub response_style: ResponseStyle,
    /// Which origins browsers may call from.
    pub cors_origins: CorsOrigins,
    /// The cost of new hashes.
    pub argon2: Argon2Parameters,
    /// Which stored hashes a sign-in replaces.
    pub rehash: RehashPolicy,
    /// The most that verifying a stored hash may cost.
    pub hash_bounds: HashBounds,
    /// What works but deserves the operator's attention, in the form of errors. The host writes each to its log once.
    pub warnings: Vec<ConfigError>,
}

/// How answers are dressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ResponseStyle {
    /// Errors under `error`, sign-up 201, every refused body 400 or 401.
    #[default]
    Default,
    /// As the reference behind FastAPI: errors under `detail`, sign-up 200, bodies that do not fit 422.
    FastApi,
}

/// Checked `cors_origins`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CorsOrigins {
    /// No CORS headers are sent.
    None,
    /// Every origin. The tokens travel in headers and not in cookies, so this gives nothing away by itself.
    Any,
    /// These, compared byte for byte with the `Origin` header.
    Listed(Vec<String>),
}

impl Config {
    /// Checks the settings.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn new(options: &Options) -> Result<Self, ConfigError> {
        let secret = match &options.secret {
            Some(secret) if !secret.expose().is_empty() => secret,
            _ => return Err(ConfigError::new("secret", SettingProblem::MissingSecret)),
        };
        if is_short(secret) && !options.allow_short_secret {
            let problem = SettingProblem::ShortSecret { bytes: secret.expose().len() };
            return Err(ConfigError::new("secret", problem));
        }
        if options.previous_secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(ConfigError::new("previous_secrets", SettingProblem::EmptyPreviousSecret));
        }
        if options.previous_secrets.iter().any(is_short) && !options.allow_short_secret {
            // A secret that verifies can forge as well as one that signs.
            return Err(ConfigError::new("previous_secrets", SettingProblem::ShortPreviousSecret));
        }
        in_range("refresh_grace_period", options.refresh_grace_period, GRACE)?;
        in_range("password_min_length", options.password_min_length, PASSWORD_LENGTH)?;
        check_hash_bounds(&options.hash_bounds)?;
        check_argon2(options)?;
        Ok(Self {
            keyring: Keyring::new(secret, &options.previous_secrets),
            access_token_seconds: lifetime("access_token_expires_in", options.access_token_expires_in)?,
            refresh_token_seconds: lifetime("refresh_token_expires_in", options.refresh_token_expires_in)?,
            session_absolute_seconds: options
                .session_absolute_lifetime
                .map(|minutes| lifetime("session_absolute_lifetime", minutes))
                .transpose()?,
            grace_seconds: i64::from(options.refresh_grace_period),
            password_min_length: options.password_min_length as usize,
            base_path: check_base_path(&options.base_path)?,
            response_style: options.response_style,
            cors_origins: check_cors_origins(&options.cors_origins)?,
            argon2: options.argon2,
            rehash: options.rehash,
            hash_bounds: options.hash_bounds,
            warnings: warnings(secret, &options.previous_secrets),
        })
    }

    /// When a session that began then is over by its absolute lifetime.
    #[must_use]
    pub fn session_ends_at(&self, created_at: Timestamp) -> Option<Timestamp> {
        self.session_absolute_seconds.map(|seconds| created_at.plus_seconds(seconds))
    }

    /// The birth at or before which a session is over now: [`Timestamp::EPOCH`] without an absolute lifetime.
    #[must_use]
    pub fn oldest_birth(&self, now: Timestamp) -> Timestamp {
        self.session_absolute_seconds.map_or(Timestamp::EPOCH, |seconds| now.minus_seconds(seconds))
    }
}

fn is_short(secret: &Secret<String>) -> bool {
    secret.expose().len() < STRONG_SECRET_BYTES
}

/// A line break at the end counts as part of a secret, and the other side of a shared database may have lost it.
fn ends_in_white_space(secret: &Secret<String>) -> bool {
    secret.expose().ends_with(char::is_whitespace)
}

fn warnings(secret: &Secret<String>, previous: &[Secret<String>]) -> Vec<ConfigError> {
    [
        (is_short(secret), "secret", SettingProblem::GuessableSecret),
        (previous.iter().any(is_short), "previous_secrets", SettingProblem::GuessablePreviousSecret),
        (ends_in_white_space(secret), "secret", SettingProblem::PaddedSecret),
        (previous.iter().any(ends_in_white_space), "previous_secrets", SettingProblem::PaddedPreviousSecret),
    ]
    .into_iter()
    .filter_map(|(applies, option, problem)| applies.then(|| ConfigError::new(option, problem)))
    .collect()
}

fn in_range(option: &str, number: u32, range: Range) -> Result<(), ConfigError> {
    if range.holds(number) { Ok(()) } else { Err(ConfigError::new(option, SettingProblem::OutOfRange(range))) }
}

/// Minutes to whole seconds.
fn lifetime(option: &str, minutes: f64) -> Result<i64, ConfigError> {
    let seconds = minutes * 60.0;
    if !(minutes <= MAX_LIFETIME_MINUTES && seconds >= 1.0) {
        return Err(ConfigError::new(option, SettingProblem::NotALifetime));
    }
    #[allow(clippy::cast_possible_truncation, reason = "bounded above; fractions of a second are dropped on purpose")]
    Ok(seconds as i64)
}

fn check_base_path(path: &str) -> Result<String, ConfigError> {
    let well_formed = path.is_empty()
        || (path.starts_with('/')
            && !path.ends_with('/')
            && path.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | ".."))
            && path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\')));
    if well_formed { Ok(path.to_owned()) } else { Err(ConfigError::new("base_path", SettingProblem::NotABasePath)) }
}

fn check_cors_origins(origins: &[String]) -> Result<CorsOrigins, ConfigError> {
    let wrong = |problem| Err(ConfigError::new("cors_origins", problem));
    if origins.is_empty() {
        return Ok(CorsOrigins::None);
    }
    if origins.iter().any(|origin| origin == "*") {
        return match origins {
            [_] => Ok(CorsOrigins::Any),
            _ => wrong(SettingProblem::AnyOriginAmongOthers),
        };
    }
    for origin in origins {
        let host = origin.split_once("://").map(|(_, host)| host);
        let is_origin = host.is_some_and(|host| {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@' | b'*'))
        }) && *origin == origin.to_ascii_lowercase();
        if !is_origin {
            return wrong(SettingProblem::NotAnOrigin);
        }
    }
    Ok(CorsOrigins::Listed(origins.to_vec()))
}

fn check_hash_bounds(bounds: &HashBounds) -> Result<(), ConfigError> {
    in_range("max_bcrypt_cost", bounds.bcrypt_cost, BCRYPT_COST)?;
    in_range("max_argon2_memory", bounds.argon2.memory, POSITIVE)?;
    in_range("max_argon2_iterations", bounds.argon2.iterations, POSITIVE)?;
    in_range("max_argon2_parallelism", bounds.argon2.parallelism, POSITIVE)?;
    in_range("max_argon2_work", bounds.argon2_work, POSITIVE)
}

/// The five costs that OWASP's password storage cheat sheet calls equal; at or above any of them is enough.
const OWASP_ARGON2ID: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

fn check_argon2(options: &Options) -> Result<(), ConfigError> {
    let Argon2Parameters { memory, iterations, parallelism } = options.argon2;
    let bounds = options.hash_bounds.argon2;
    for (option, value, bounded_by, bound) in [
        ("argon2_memory", memory, "max_argon2_memory", bounds.memory),
        ("argon2_iterations", iterations, "max_argon2_iterations", bounds.iterations),
        ("argon2_parallelism", parallelism, "max_argon2_parallelism", bounds.parallelism),
    ] {
        in_range(option, value, POSITIVE)?;
        if value > bound {
            return Err(ConfigError::new(option, SettingProblem::OverBound { value, bounded_by, bound }));
        }
    }
    let wrong = |problem| Err(ConfigError::new("argon2_memory", problem));
    let (work, bound) = (options.argon2.work(), options.hash_bounds.argon2_work);
    if work > u64::from(bound) {
        return wrong(SettingProblem::OverWork { work, bound });
    }
    if u64::from(memory) < 8 * u64::from(parallelism) {
        return wrong(SettingProblem::TooLittleForItsLanes);
    }
    let strong = OWASP_ARGON2ID.iter().any(|(least, passes)| memory >= *least && iterations >= *passes);
    if strong || options.allow_weak_argon2 { Ok(()) } else { wrong(SettingProblem::BelowRecommendation) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::password;
    use alloc::{string::ToString, vec};

    fn with(change: impl FnOnce(&mut Options)) -> Result<Config, ConfigError> {
        let mut options = Options { secret: Some(Secret::new("x".repeat(32))), ..Options::default() };
        change(&mut options);
        Config::new(&options)
    }

    fn warned_of(change: impl FnOnce(&mut Options)) -> Vec<String> {
        with(change).unwrap().warnings.iter().map(ToString::to_string).collect()
    }

    fn key_of(change: impl FnOnce(&mut Options)) -> String {
        with(change).map(|_| String::from("accepted")).unwrap_or_else(|error| error.option)
    }

    #[test]
    fn the_defaults_are_the_references() {
        let config = with(|_| ()).unwrap();
        assert_eq!((config.access_token_seconds, config.refresh_token_seconds), (3_600, 604_800));
        assert_eq!((config.grace_seconds, config.session_absolute_seconds), (10, None));
        assert_eq!((config.password_min_length, config.base_path.as_str()), (6, "/auth"));
    }

    #[test]
    fn a_short_secret_is_refused_unless_allowed() {
        let short = || Some(Secret::new("x".repeat(31)));
        assert_eq!(key_of(|options| options.secret = None), "secret");
        assert_eq!(key_of(|options| options.secret = Some(Secret::new(String::new()))), "secret");
        assert_eq!(key_of(|options| options.secret = short()), "secret");
        let allowed = warned_of(|options| {
            options.secret = short();
            options.allow_short_secret = true;
        });
        assert_eq!(allowed, ["secret: is under 32 bytes: it can be guessed from one token"]);
        let previous = |allow| {
            with(|options| {
                options.previous_secrets = vec![Secret::new("x".repeat(32)), Secret::new("a".into())];
                options.allow_short_secret = allow;
            })
        };
        assert_eq!(previous(false).unwrap_err().option, "previous_secrets", "it can forge as well as the current one");
        let warnings = previous(true).unwrap().warnings;
        assert!(matches!(warnings.as_slice(), [warning] if warning.option == "previous_secrets"));
    }

    #[test]
    fn a_secret_that_ends_in_white_space_is_warned_about_by_name() {
        let padded = |end: &str| Secret::new("x".repeat(32) + end);
        for end in ["\n", "\r\n", " ", "\t", "\u{a0}"] {
            let warnings = warned_of(|options| options.secret = Some(padded(end)));
            assert!(matches!(warnings.as_slice(), [warning] if warning.starts_with("secret: ends in white space")));
            let warnings = warned_of(|options| options.previous_secrets = vec![padded(""), padded(end)]);
            assert!(
                matches!(warnings.as_slice(), [warning] if warning.starts_with("previous_secrets: holds a secret that ends"))
            );
        }
        let inside = Secret::new(" x".repeat(20));
        assert!(warned_of(|options| options.secret = Some(inside)).is_empty());
    }

    #[test]
    fn lifetimes_are_positive_and_bounded() {
        for bad in [0.0, -1.0, 0.016, f64::NAN, f64::INFINITY, 1e9] {
            assert_eq!(key_of(|options| options.access_token_expires_in = bad), "access_token_expires_in", "{bad}");
            assert_eq!(key_of(|options| options.refresh_token_expires_in = bad), "refresh_token_expires_in", "{bad}");
            let key = key_of(|options| options.session_absolute_lifetime = Some(bad));
            assert_eq!(key, "session_absolute_lifetime", "{bad}");
        }
        assert_eq!(with(|options| options.access_token_expires_in = 0.5).unwrap().access_token_seconds, 30);
        assert_eq!(with(|options| options.access_token_expires_in = 0.025).unwrap().access_token_seconds, 1);
    }

    #[test]
    fn the_longest_password_may_be_the_shortest() {
        assert_eq!(PASSWORD_LENGTH.most.map(|most| most as usize), Some(password::MAX_LENGTH));
    }

    #[test]
    fn paths_and_origins_are_checked() {
        for bad in ["auth", "/", "/auth/", "//auth", "/a//b", "/a b", "/a?b", "/é", "/a/../b", "/./a"] {
            assert_eq!(key_of(|options| options.base_path = bad.into()), "base_path", "{bad}");
        }
        assert!(with(|options| options.base_path = "".into()).is_ok());
        assert!(with(|options| options.base_path = "/api/v1/auth".into()).is_ok());
        for bad in [
            "example.com",
            "https://",
            "https://a.b/",
            "https://A.b",
            "https://u@a.b",
            "https://a b",
            "https://*.a.b",
            "null",
        ] {
            assert_eq!(key_of(|options| options.cors_origins = vec![bad.into()]), "cors_origins", "{bad}");
        }
        let both = vec!["*".into(), "https://a.b".into()];
        assert_eq!(key_of(|options| options.cors_origins = both), "cors_origins");
        let config = with(|options| options.cors_origins = vec!["*".into()]).unwrap();
        assert_eq!(config.cors_origins, CorsOrigins::Any);
    }

    #[test]
    fn the_hash_cost_is_at_least_owasps_and_within_the_bounds() {
        let cost = |memory, iterations, parallelism| {
            key_of(|options| options.argon2 = Argon2Parameters { memory, iterations, parallelism })
        };
        for (memory, iterations) in OWASP_ARGON2ID {
            assert_eq!(cost(memory, iterations, 1), "accepted");
            assert_eq!(cost(memory - 1, iterations, 1), "argon2_memory");
        }
        assert_eq!(cost(65_537, 2, 1), "argon2_memory");
        assert_eq!(cost(19_456, 11, 1), "argon2_iterations");
        assert_eq!(cost(19_456, 2, 17), "argon2_parallelism");
        assert_eq!(cost(19_456, 0, 1), "argon2_iterations");
        assert_eq!((cost(65_536, 4, 1).as_str(), cost(65_536, 5, 1).as_str()), ("accepted", "argon2_memory"));
        assert_eq!(key_of(|options| options.hash_bounds.argon2_work = 0), "max_argon2_work");
        let weak = with(|options| {
            options.argon2 = Argon2Parameters { memory: 8, iterations: 1, parallelism: 1 };
            options.allow_weak_argon2 = true;
        });
        assert!(weak.is_ok());
        assert_eq!(key_of(|options| options.hash_bounds.bcrypt_cost = 32), "max_bcrypt_cost");
        assert_eq!(key_of(|options| options.hash_bounds.argon2.iterations = 0), "max_argon2_iterations");
        assert_eq!(key_of(|options| options.refresh_grace_period = 3_601), "refresh_grace_period");
        assert_eq!(key_of(|options| options.password_min_length = 0), "password_min_length");
        assert_eq!(key_of(|options| options.password_min_length = 4_097), "password_min_length");
        assert_eq!(key_of(|options| options.previous_secrets = vec![Secret::new(String::new())]), "previous_secrets");
    }
}
