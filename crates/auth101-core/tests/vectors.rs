//! What the Python package made verifies here, and what is made here is what it was when Python verified it
//! (tests/vectors).

#![cfg(feature = "password-hashing")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a vector that cannot be read is a test that has failed")]

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use auth101_core::{
    AuthError, Config, Options, Secret, Timestamp,
    domain::{
        email::Email,
        identifier::{SessionId, TokenId, UserId},
        password::Password,
        password_hash::{Argon2Parameters, PasswordHash},
        session::{Session, SessionReference},
        user::User,
    },
    hasher::InPlaceHasher,
    port::PasswordHasher,
    token::{access, refresh},
};
use serde_json::Value;
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

const ARGON2: &str = include_str!("../../../tests/vectors/argon2.json");
const BCRYPT: &str = include_str!("../../../tests/vectors/bcrypt.json");
const EMAILS: &str = include_str!("../../../tests/vectors/emails.json");
const TOKENS: &str = include_str!("../../../tests/vectors/tokens.json");
const RUST: &str = include_str!("../../../tests/vectors/rust.json");

/// After every vector was made and long before any expires.
const NOW: i64 = 1_800_000_000;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The hasher computes in place: its futures are ready at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready"),
    }
}

fn config(secret: &str) -> Config {
    Config::new(&Options { secret: Some(Secret::new(secret.into())), ..Options::default() }).unwrap()
}

fn verifies(password: &str, hash: &str) -> bool {
    let Some(hash) = PasswordHash::parse(hash, &Options::default().hash_bounds) else {
        return false;
    };
    ready(InPlaceHasher.verify(&Password::new(password), &hash)).unwrap()
}

#[test]
fn every_hash_gets_pythons_verdict() {
    for (file, least) in [(ARGON2, 80), (BCRYPT, 40)] {
        let cases = read(file);
        assert!(list(&cases).len() > least);
        for case in list(&cases) {
            let wanted = case["verifies"] == true && case.get("refused_here").is_none();
            assert_eq!(verifies(text(&case["password"]), text(&case["hash"])), wanted, "{case}");
        }
    }
}

#[test]
fn hashes_made_here_are_those_that_python_verified() {
    let vectors = read(RUST);
    let (mut made, mut recorded) = (Vec::new(), Vec::new());
    for case in list(&vectors["hashes"]) {
        let number = |name: &str| u32::try_from(case[name].as_u64().unwrap()).unwrap();
        let parameters = Argon2Parameters { memory: number("m"), iterations: number("t"), parallelism: number("p") };
        let salt: [u8; 16] = text(&case["salt"]).as_bytes().try_into().unwrap();
        let password = Password::new(text(&case["password"]));
        let tag = ready(InPlaceHasher.hash(&password, &salt, parameters)).unwrap();
        made.push(parameters.phc_string(&salt, &tag));
        recorded.push(text(&case["hash"]));
    }
    // All at once, so that a new case is recorded by copying what the failure shows.
    assert_eq!(made, recorded);
}

#[test]
fn tokens_made_here_are_those_that_python_verified() {
    let vectors = read(RUST);
    let config = config(text(&vectors["secret"]));
    let (mut made, mut recorded) = (Vec::new(), Vec::new());
    for case in list(&vectors["tokens"]) {
        let user = User::new(UserId::new(text(&case["user_id"])), text(&case["email"]).into());
        let issued = Timestamp::from_seconds(case["iat"].as_i64().unwrap());
        let session = Session {
            id: SessionId::new(text(&case["sid"])),
            token: TokenId::new(text(&case["jti"])),
            user_id: user.id.clone(),
            expires_at: issued.plus_seconds(case["lifetime"].as_i64().unwrap()),
            created_at: issued,
            updated_at: issued,
        };
        let lifetime = case["lifetime"].as_i64().unwrap();
        made.push(access::issue(&config.keyring, &user, &session.id, issued, lifetime).unwrap());
        made.push(refresh::issue(&config.keyring, &user, &session, None).unwrap());
        recorded.extend([text(&case["access"]), text(&case["refresh"])]);
    }
    assert_eq!(made, recorded);
}

#[test]
fn tokens_that_python_minted_verify() {
    let now = Timestamp::from_seconds(NOW);
    for case in list(&read(TOKENS)) {
        let config = config(text(&case["secret"]));
        let (user_id, jti) = (UserId::new(text(&case["user_id"])), TokenId::new(text(&case["jti"])));

        let token = access::verify(&config.keyring, text(&case["access"]), now).unwrap();
        assert_eq!((&token.user_id, &token.session_id), (&user_id, &None), "{case}");
        let token = refresh::verify(&config.keyring, text(&case["refresh"]), now).unwrap();
        assert_eq!((&token.user_id, &token.id), (&user_id, &jti), "{case}");
        assert_eq!(token.session, SessionReference::Token { token: jti, successor: token.successor.clone() });

        for refused in ["refresh", "typeless", "expired"] {
            assert_eq!(access::verify(&config.keyring, text(&case[refused]), now), None, "{refused}: {case}");
        }
        for refused in ["access", "typeless", "expired"] {
            let verdict = refresh::verify(&config.keyring, text(&case[refused]), now);
            assert_eq!(verdict, Err(AuthError::InvalidRefreshToken), "{refused}: {case}");
        }
    }
}

#[test]
fn addresses_are_normalised_as_python_does() {
    let vectors = read(EMAILS);
    for case in list(&vectors["cases"]) {
        assert_eq!(Email::normalise(text(&case[0])).as_str(), text(&case[1]), "{case}");
    }
    // Every character that lower case changes, in a text of their own: no final sigma, nothing to trim.
    let [from, to] = list(&vectors["lowered"]) else { panic!("two texts") };
    for (from, to) in text(from).split(' ').zip(text(to).split(' ')) {
        assert_eq!(Email::normalise(&format!("a{from}a")).as_str(), format!("a{to}a"), "{from:?}");
    }
    // Every character that trimming removes, and no other that Python knows of.
    let trimmed = text(&vectors["trimmed"]);
    for character in (0..=0xff_ff).filter_map(char::from_u32) {
        let removed = Email::normalise(&format!("{character}a{character}")).as_str() == "a";
        assert_eq!(removed, trimmed.contains(character), "{character:?}");
    }
}

/// RFC 9106, section 5: the vectors have a secret and associated data, which password hashes do not use, so they ask
/// the implementation below the hasher.
#[test]
fn the_vectors_of_rfc_9106_are_met() {
    for (algorithm, tag) in [
        (Algorithm::Argon2d, "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb"),
        (Algorithm::Argon2i, "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8"),
        (Algorithm::Argon2id, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"),
    ] {
        let parameters = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .output_len(32)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let argon2 = Argon2::new_with_secret(&[3; 8], algorithm, Version::V0x13, parameters).unwrap();
        let mut computed = [0; 32];
        argon2.hash_password_into(&[1; 32], &[2; 16], &mut computed).unwrap();
        let hex: String = computed.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, tag, "{algorithm:?}");
    }
}
