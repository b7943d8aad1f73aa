//! The times of tokens to the second (R12). The conversations of tests/wire run under real clocks and cannot be so exact.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use auth101_core::{
    Config, Options, Secret, Timestamp,
    domain::{
        identifier::{SessionId, TokenId, UserId},
        session::Session,
        user::User,
    },
    token::{access, refresh},
};

const NOW: i64 = 1_767_268_800;
const LEEWAY: i64 = 60;

fn config() -> Config {
    let options = Options { secret: Some(Secret::new("x".repeat(32))), ..Options::default() };
    Config::new(&options).unwrap()
}

fn user() -> User {
    User::new(UserId::new("u"), "a@b".into())
}

/// Whether an access and a refresh token of these times are accepted.
fn accepted(iat: i64, exp: i64, now_micros: i64) -> bool {
    let (config, user, now) = (config(), user(), Timestamp::from_micros(now_micros));
    let issued = Timestamp::from_seconds(iat);
    let session = Session {
        id: SessionId::new("s"),
        token: TokenId::new("t"),
        user_id: user.id.clone(),
        expires_at: Timestamp::from_seconds(exp),
        created_at: issued,
        updated_at: issued,
    };
    let access = access::issue(&config.keyring, &user, &session.id, issued, exp - iat).unwrap();
    let refresh = refresh::issue(&config.keyring, &user, &session, None).unwrap();
    let access = access::verify(&config.keyring, &access, now).is_some();
    assert_eq!(access, refresh::verify(&config.keyring, &refresh, now).is_ok(), "the two kinds agree");
    access
}

#[test]
fn iat_may_be_a_minute_ahead_and_not_a_second_more() {
    for skew in [-86_400, -61, -60, -1, 0, 1, 59, LEEWAY] {
        assert!(accepted(NOW + skew, NOW + 100_000, NOW * 1_000_000), "{skew:+}");
    }
    for skew in [LEEWAY + 1, LEEWAY + 2, 86_400] {
        assert!(!accepted(NOW + skew, NOW + 100_000, NOW * 1_000_000), "{skew:+}");
    }
    assert!(!accepted(NOW + LEEWAY + 1, NOW + 100_000, NOW * 1_000_000 + 999_999));
}

#[test]
fn exp_is_exact_and_has_no_leeway() {
    for skew in [1, 60, 61, 86_400] {
        assert!(accepted(NOW - 100_000, NOW + skew, NOW * 1_000_000), "{skew:+}");
    }
    for skew in [0, -1, -60, -61, -86_400] {
        assert!(!accepted(NOW - 100_000, NOW + skew, NOW * 1_000_000), "{skew:+}");
    }
    assert!(accepted(NOW - 1, NOW + 1, NOW * 1_000_000 + 999_999), "to its last microsecond");
    assert!(!accepted(NOW - 1, NOW + 1, (NOW + 1) * 1_000_000));
}
