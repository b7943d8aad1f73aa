//! The security log of the main flows, event by event (R35): what an operator sees of a sign-in that fails, of a token that
//! was copied, of a session that ends, and that users and sessions appear as pseudonyms only.

#![allow(clippy::indexing_slicing, reason = "an index that is out of range is a failed test")]

use auth101_core::{
    Secret,
    domain::password_hash::Argon2Parameters,
    event::{Event, Pseudonym, SignInFailure},
    port::Store,
};
use auth101_testkit::{
    executor::block_on,
    fixture::{EMAIL, only_user, sql},
    hasher::stored_hash,
    service::{self, PASSWORD, Service, Tokens, config},
    tables::Tables,
    token,
};

/// Of [`EMAIL`] and of `nobody@example.com` under the secret of these tests: the first eight bytes of an HMAC-SHA-256 over
/// `auth101/event/v1`, a NUL and the address, computed elsewhere.
const PSEUDONYMS: [&str; 2] = ["6d8a3f8744417b05", "338d58ef0047d11e"];

/// What became of a session, as the log tells it.
struct Told {
    user: Pseudonym,
    session: Pseudonym,
}

impl Told {
    fn of<S: Store + Clone>(service: &Service<S>, tokens: &Tokens) -> Self {
        let keyring = &service.config.keyring;
        let user = token::claims(&tokens.refresh)["sub"].as_str().unwrap_or_default().to_owned();
        Self { user: keyring.pseudonym(&user), session: keyring.pseudonym(token::session_id(&tokens.refresh).as_str()) }
    }
}

#[test]
fn r35_the_life_of_a_session_is_told_in_order() {
    let (service, tables) = sql();
    let take = || service.observer.take();
    let first = service.signed_up(EMAIL);
    let Told { user, session } = Told::of(&service, &first);
    assert_eq!(take(), [Event::SignedUp { user: user.clone(), session: session.clone() }]);

    assert_eq!(service.send(service::session(&first.access)).status, 200);
    assert_eq!(service.send(service::sign_up(EMAIL, PASSWORD)).code(), "USER_EXISTS");
    assert_eq!(take(), [], "reading a session or an address that is taken is nothing to tell");

    let second = service.send(service::sign_in(EMAIL, PASSWORD)).tokens();
    let other = Told::of(&service, &second).session;
    assert_ne!(other, session);
    assert_eq!(take(), [Event::SignedIn { user: user.clone(), session: other.clone(), rehashed: false }]);

    let weak = Argon2Parameters { memory: 8, iterations: 1, parallelism: 1 };
    block_on(tables.set_password(&only_user(&tables), Some(&stored_hash(PASSWORD, weak))));
    let third = service.send(service::sign_in(EMAIL, PASSWORD)).tokens();
    let rehashed = Told::of(&service, &third).session;
    assert_eq!(take(), [Event::SignedIn { user: user.clone(), session: rehashed, rehashed: true }]);

    service.clock.advance(1);
    let rotated = service.refresh(&first.refresh).tokens();
    assert_eq!(take(), [Event::Refreshed { session: session.clone() }]);
    service.clock.advance(1);
    assert_eq!(service.refresh(&first.refresh).tokens().refresh, rotated.refresh);
    assert_eq!(take(), [Event::RefreshReplayed { session: session.clone() }]);
    assert_eq!(service.refresh(&rotated.refresh).tokens().refresh, rotated.refresh);
    assert_eq!(take(), [], "a paced token changes nothing");

    for told in [vec![Event::SessionRevoked { user: user.clone() }], Vec::new()] {
        assert_eq!(service.send(service::revoke(&rotated.refresh)).status, 200);
        assert_eq!(take(), told, "a revocation is told once");
    }
    for told in [vec![Event::SignedOut { user: user.clone() }], Vec::new()] {
        assert_eq!(service.send(service::sign_out(&second.access)).status, 200);
        assert_eq!(take(), told, "a sign-out is told once");
    }
}

#[test]
fn r35_a_copied_token_is_told_once_and_a_mere_refusal_is_not_reuse() {
    let (service, _) = sql();
    let first = service.signed_up(EMAIL);
    let user = Told::of(&service, &first).user;
    service.clock.advance(1);
    let rotated = service.refresh(&first.refresh).tokens();
    service.clock.advance(11);
    service.observer.take();
    assert_eq!(service.refresh(&first.refresh).code(), "SESSION_NOT_FOUND");
    assert_eq!(service.observer.take(), [Event::RefreshReuseDetected { user }]);
    for token in [&first.refresh, &rotated.refresh, &first.access] {
        assert_eq!(service.refresh(token).status, 401);
    }
    assert_eq!(service.observer.take(), [], "the session has ended already");
}

#[test]
fn r35_a_failed_sign_in_is_told_with_its_reason_and_the_address_as_a_pseudonym() {
    let (service, tables) = sql();
    service.signed_up(EMAIL);
    let user = only_user(&tables);
    service.observer.take();
    let told = |email: &str, password: &str| {
        assert_eq!(service.send(service::sign_in(email, password)).code(), "INVALID_CREDENTIALS");
        service.observer.take()
    };
    let failed = |pseudonym: usize, reason: SignInFailure| {
        [Event::SignInFailed { email: Pseudonym(PSEUDONYMS[pseudonym].into()), reason }]
    };
    assert_eq!(told(EMAIL, "wrong horse"), failed(0, SignInFailure::WrongPassword));
    assert_eq!(told(" ADA@Example.com", "wrong horse"), failed(0, SignInFailure::WrongPassword));
    assert_eq!(told("nobody@example.com", PASSWORD), failed(1, SignInFailure::UnknownEmail));
    block_on(tables.set_active(&user, false));
    assert_eq!(told(EMAIL, PASSWORD), failed(0, SignInFailure::Inactive));
    block_on(tables.set_password(&user, Some("plain")));
    assert_eq!(told(EMAIL, PASSWORD), failed(0, SignInFailure::UnreadableHash));
    block_on(tables.set_password(&user, None));
    assert_eq!(told(EMAIL, PASSWORD), failed(0, SignInFailure::NoPassword));
}

#[test]
fn r35_pseudonyms_follow_the_secret_and_identify_nobody_without_it() {
    let (mut service, _) = sql();
    service.send(service::sign_in(EMAIL, PASSWORD));
    service.config = config(|options| options.secret = Some(Secret::new("another secret, of 32 bytes or more".into())));
    service.send(service::sign_in(EMAIL, PASSWORD));
    service.send(service::sign_in(EMAIL, PASSWORD));
    let seen = service.observer.take();
    assert_ne!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
}
