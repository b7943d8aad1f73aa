//! What every store must do, as plain functions over a store and its tables, which are empty at the start.
//!
//! The cases of a refresh are those of the table of `docs/sessions.md`: which row the batch leaves, and which it reads.

use crate::{
    sample::{
        GRACE_SECONDS, Presentation, REFRESH_SECONDS, SKEW_SECONDS, account, first_token, horizon, later, opening,
        session, sign_up, start, user,
    },
    tables::{AccountRow, Tables},
};
use auth101_core::{
    Secret, Timestamp,
    domain::{
        email::Email,
        identifier::{SessionId, TokenId},
        session::{NewSession, Session, SessionReference},
    },
    port::{Horizon, Opened, Pages, Registration, Rotated, Store, StoreError},
    time::Resolution,
    token::successor::successor,
};

const HASH: &str = "$hash$first";
const OTHER_HASH: &str = "$hash$second";
const NEW_HASH: &str = "$hash$better";
/// One second in microseconds.
const SECOND: i64 = 1_000_000;

/// The finest step of time that the store keeps, in microseconds: what "exact" means for it.
fn tick(store: &impl Store) -> i64 {
    match store.resolution() {
        Resolution::Microseconds => 1,
        Resolution::Seconds => SECOND,
    }
}

/// When these tests begin, as the store keeps it.
fn began(store: &impl Store) -> Timestamp {
    start().floor_to(store.resolution())
}

/// A session as the store keeps it.
fn kept(store: &impl Store, NewSession { session, client }: NewSession) -> NewSession {
    let [expires_at, created_at, updated_at] =
        [session.expires_at, session.created_at, session.updated_at].map(|time| time.floor_to(store.resolution()));
    NewSession { session: Session { expires_at, created_at, updated_at, ..session }, client }
}

async fn with_ada(store: &impl Store) {
    assert_eq!(store.create_user(&sign_up("ada", HASH)).await, Ok(Registration::Created));
}

async fn only_session(tables: &impl Tables) -> Option<Session> {
    let mut sessions = tables.sessions().await;
    assert!(sessions.len() <= 1, "{sessions:?}");
    sessions.pop().map(|row| row.session)
}

/// Presents a token of Ada's first session; what the batch read, and the row that it left.
async fn present(store: &impl Store, tables: &impl Tables, presentation: &Presentation) -> (Rotated, Option<Session>) {
    let rotated = store.refresh_session(&presentation.rotation()).await.expect("the store works");
    (rotated, only_session(tables).await)
}

fn ada(token: &TokenId, micros: i64) -> Presentation {
    Presentation::new("ada", "ada", token, later(start(), micros))
}

fn read_session(rotated: &Rotated) -> &Session {
    &rotated.row.as_ref().expect("the batch reads a row").0
}

/// User, account and session, as they were handed over.
pub async fn a_sign_up_writes_three_rows(store: &impl Store, tables: &impl Tables) {
    let sign_up = sign_up("ada", HASH);
    assert_eq!(store.create_user(&sign_up).await, Ok(Registration::Created));
    assert_eq!(tables.users().await, [sign_up.user]);
    let floored = AccountRow { created_at: began(store), ..account("ada", HASH) };
    assert_eq!(tables.accounts().await, [floored]);
    assert_eq!(tables.sessions().await, [kept(store, sign_up.session)]);
}

/// The address decides, and the loser leaves no row at all.
pub async fn a_taken_address_leaves_nothing_of_the_second_sign_up(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let mut second = sign_up("eve", OTHER_HASH);
    second.user.email = user("ada").email;
    assert_eq!(store.create_user(&second).await, Ok(Registration::EmailTaken));
    assert_eq!(tables.users().await, [user("ada")]);
    assert_eq!((tables.accounts().await.len(), tables.sessions().await.len()), (1, 1));
}

/// A platform may run a batch again whose answer it lost.
pub async fn a_sign_up_run_twice_answers_the_same_and_writes_once(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    with_ada(store).await;
    let counts = (tables.users().await.len(), tables.accounts().await.len(), tables.sessions().await.len());
    assert_eq!(counts, (1, 1, 1));
}

/// Byte for byte: addresses that only look alike are others.
pub async fn credentials_are_found_by_the_exact_address(store: &impl Store, _: &impl Tables) {
    with_ada(store).await;
    let found = store.credentials_by_email(&Email::normalise("Ada@Example.com ")).await.expect("the store works");
    let found = found.expect("the address is known");
    assert_eq!(found.user, user("ada"));
    let stored = found.account.expect("the user has an account");
    assert_eq!(stored.account_id.as_str(), "account-ada");
    assert_eq!(stored.hash.as_ref().map(Secret::expose).map(String::as_str), Some(HASH));
    for other in ["ada@example.co", "adà@example.com", "ada@example.com.", "%@example.com", "' OR '1'='1"] {
        let found = store.credentials_by_email(&Email::normalise(other)).await.expect("the store works");
        assert!(found.is_none(), "{other}");
    }
}

/// Several accounts may exist: scripts write them.
pub async fn the_oldest_credential_account_counts(store: &impl Store, tables: &impl Tables) {
    tables.put_user(&user("ada")).await;
    for (id, hash, born) in [("newer", OTHER_HASH, 5), ("older", HASH, 4), ("newest", OTHER_HASH, 6)] {
        let row = AccountRow::credential(id, &user("ada"), Some(hash), Timestamp::from_seconds(born));
        tables.put_account(&row).await;
    }
    let found = store.credentials_by_email(&Email::normalise("ada@example.com")).await.expect("the store works");
    let account = found.and_then(|found| found.account).expect("the user has accounts");
    assert_eq!(account.account_id.as_str(), "older");
}

/// No account, an account of another provider, and an account without a hash.
pub async fn accounts_of_other_providers_and_null_hashes_are_told_apart(store: &impl Store, tables: &impl Tables) {
    let read = async || {
        let found = store.credentials_by_email(&Email::normalise("ada@example.com")).await.expect("the store works");
        found.expect("the address is known").account
    };
    tables.put_user(&user("ada")).await;
    assert!(read().await.is_none(), "a user without account");
    let other = AccountRow { id: "other".into(), provider_id: "github".into(), ..account("ada", HASH) };
    tables.put_account(&other).await;
    assert!(read().await.is_none(), "an account of another provider");
    tables.put_account(&AccountRow { password: None, ..account("ada", HASH) }).await;
    assert!(read().await.expect("the account is there").hash.is_none(), "an account without a hash");
}

/// The session is written beside the others.
pub async fn a_session_opens_for_the_verified_hash(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let opening = opening("second", "ada", HASH, None, start());
    assert_eq!(store.open_session(&opening).await, Ok(Opened::Open));
    let expected = [session("ada", "ada", start()), opening.session].map(|session| kept(store, session));
    assert_eq!(tables.sessions().await, expected);
}

/// The hash that was verified must still stand.
pub async fn a_password_changed_meanwhile_opens_no_session(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    for changed in [Some(OTHER_HASH), None] {
        tables.set_password(&user("ada").id, changed).await;
        let opening = opening("second", "ada", HASH, Some(NEW_HASH), start());
        assert_eq!(store.open_session(&opening).await, Ok(Opened::Refused), "{changed:?}");
        assert_eq!(tables.sessions().await.len(), 1);
        assert_eq!(tables.accounts().await[0].password.as_deref(), changed, "the rehash does not undo the change");
    }
    tables.delete_accounts(&user("ada").id).await;
    let opening = opening("second", "ada", HASH, None, start());
    assert_eq!(store.open_session(&opening).await, Ok(Opened::Refused), "the account is gone");
}

/// The user must still be there and active.
pub async fn a_user_deactivated_meanwhile_gets_no_session(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    tables.set_active(&user("ada").id, false).await;
    let opening = opening("second", "ada", HASH, Some(NEW_HASH), start());
    assert_eq!(store.open_session(&opening).await, Ok(Opened::Refused));
    tables.delete_user(&user("ada").id).await;
    assert_eq!(store.open_session(&opening).await, Ok(Opened::Refused));
    assert_eq!(tables.sessions().await.len(), 1);
    assert_eq!(tables.accounts().await[0].password.as_deref(), Some(HASH));
}

/// Guarded by the old value, and for this account alone.
pub async fn a_rehash_replaces_the_verified_hash_and_no_other(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    assert_eq!(store.create_user(&sign_up("bob", HASH)).await, Ok(Registration::Created));
    let opening = opening("second", "ada", HASH, Some(NEW_HASH), start());
    assert_eq!(store.open_session(&opening).await, Ok(Opened::Open));
    let hashes: Vec<_> = tables.accounts().await.into_iter().map(|row| (row.id, row.password)).collect();
    let expected = [("account-ada", NEW_HASH), ("account-bob", HASH)];
    assert_eq!(hashes, expected.map(|(id, hash)| (id.to_string(), Some(hash.to_string()))));
}

/// Also where the first run has replaced the very hash that the second one looks for.
pub async fn an_opening_run_twice_answers_the_same_and_writes_once(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    for rehash in [None, Some(NEW_HASH)] {
        let opening = opening("second", "ada", HASH, rehash, start());
        assert_eq!(store.open_session(&opening).await, Ok(Opened::Open), "{rehash:?}");
        assert_eq!(store.open_session(&opening).await, Ok(Opened::Open), "{rehash:?}, again");
        assert_eq!(tables.sessions().await.len(), 2);
    }
    assert_eq!(tables.accounts().await[0].password.as_deref(), Some(NEW_HASH));
}

/// The second run comes after the change: the session of the first stands, and so does the new password.
pub async fn an_opening_run_again_never_undoes_a_change_of_the_password(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let opening = opening("second", "ada", HASH, Some(NEW_HASH), start());
    assert_eq!(store.open_session(&opening).await, Ok(Opened::Open));
    tables.set_password(&user("ada").id, Some(OTHER_HASH)).await;
    assert_eq!(store.open_session(&opening).await, Ok(Opened::Open));
    assert_eq!(tables.accounts().await[0].password.as_deref(), Some(OTHER_HASH));
}

/// The user's own, and only those that are over.
pub async fn an_opening_removes_the_users_sessions_that_are_over(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let now = later(start(), REFRESH_SECONDS * SECOND);
    tables.put_user(&user("bob")).await;
    tables.put_session(&session("bobs", "bob", start())).await;
    tables.put_session(&session("live", "ada", later(start(), SECOND))).await;
    assert_eq!(store.open_session(&opening("new", "ada", HASH, None, now)).await, Ok(Opened::Open));
    let left: Vec<_> = tables.sessions().await.into_iter().map(|row| row.session.id).collect();
    assert_eq!(left, ["session-bobs", "session-live", "session-new"].map(SessionId::new));
}

/// A token of version 4 is exempt from pacing.
pub async fn a_sign_in_token_is_rotated_at_once(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let first = first_token("ada");
    let (rotated, row) = present(store, tables, &ada(&first, 1)).await;
    let row = row.expect("the session lives");
    assert_eq!((&row.id, &row.token), (&SessionId::new("session-ada"), &successor(&first)));
    let now = later(start(), 1).floor_to(store.resolution());
    assert_eq!((row.created_at, row.updated_at), (began(store), now));
    assert_eq!(row.expires_at, now.plus_seconds(REFRESH_SECONDS));
    assert_eq!(*read_session(&rotated), row);
    assert_eq!(rotated.row.and_then(|(_, user)| user), Some(user("ada")));
    assert!(!rotated.reuse_ended_session);
}

/// To the last tick of it; and nothing is written.
pub async fn a_superseded_token_is_replayed_within_the_grace_period(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let first = first_token("ada");
    let (_, rotated) = present(store, tables, &ada(&first, 0)).await;
    for micros in [1, SECOND, GRACE_SECONDS * SECOND] {
        let (replayed, row) = present(store, tables, &ada(&first, micros)).await;
        assert_eq!(row, rotated, "after {micros} µs");
        assert_eq!(Some(read_session(&replayed)), rotated.as_ref());
        assert!(!replayed.reuse_ended_session);
    }
}

/// From the first moment after it.
pub async fn a_superseded_token_ends_the_session_after_the_grace_period(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let first = first_token("ada");
    present(store, tables, &ada(&first, 0)).await;
    let (reused, row) = present(store, tables, &ada(&first, GRACE_SECONDS * SECOND + tick(store))).await;
    assert!(reused.reuse_ended_session && reused.row.is_none() && row.is_none(), "{reused:?}");
    let (again, _) = present(store, tables, &ada(&first, GRACE_SECONDS * SECOND + tick(store))).await;
    assert!(!again.reuse_ended_session && again.row.is_none(), "only one of them ended it");
}

/// However recent the last rotation is.
pub async fn an_ancestor_two_rotations_back_ends_the_session(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let first = first_token("ada");
    present(store, tables, &ada(&first, 0)).await;
    let second_rotation = GRACE_SECONDS * SECOND + tick(store);
    let (_, row) = present(store, tables, &ada(&successor(&first), second_rotation)).await;
    assert_eq!(row.map(|row| row.token), Some(successor(&successor(&first))));
    let (reused, row) = present(store, tables, &ada(&first, second_rotation)).await;
    assert!(reused.reuse_ended_session && row.is_none());
}

/// It is read back as it is until it is older than the grace period.
pub async fn a_rotated_token_is_paced(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let second = successor(&first_token("ada"));
    let (_, rotated) = present(store, tables, &ada(&first_token("ada"), 0)).await;
    for micros in [0, 1, GRACE_SECONDS * SECOND] {
        let (paced, row) = present(store, tables, &ada(&second, micros)).await;
        assert_eq!(row, rotated, "after {micros} µs");
        assert_eq!(Some(read_session(&paced)), rotated.as_ref());
    }
    let (_, row) = present(store, tables, &ada(&second, GRACE_SECONDS * SECOND + tick(store))).await;
    assert_eq!(row.map(|row| row.token), Some(successor(&second)));
}

/// g = 0: neither grace nor pacing.
pub async fn without_grace_a_second_presentation_ends_the_session(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let strict = |token: &TokenId, micros| Presentation { grace: 0, ..ada(token, micros) };
    let first = first_token("ada");
    let second = successor(&first);
    present(store, tables, &strict(&first, 0)).await;
    let (_, row) = present(store, tables, &strict(&second, tick(store))).await;
    assert_eq!(row.map(|row| row.token), Some(successor(&second)), "a rotated token rotates at once");
    let (reused, row) = present(store, tables, &strict(&second, 2 * tick(store))).await;
    assert!(reused.reuse_ended_session && row.is_none());
}

/// Rotation, replay and pacing; and at g = 0 the request knows what it wrote itself by its own time.
pub async fn a_refresh_run_twice_reads_the_same_row(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let mut token = first_token("ada");
    let strict = 40 * SECOND;
    for (grace, micros) in [(GRACE_SECONDS, 0), (GRACE_SECONDS, 20 * SECOND), (0, strict), (0, strict + tick(store))] {
        let presentation = Presentation { grace, ..ada(&token, micros) };
        let (once, row_once) = present(store, tables, &presentation).await;
        let (twice, row_twice) = present(store, tables, &presentation).await;
        assert_eq!(row_once, row_twice, "g = {grace}");
        assert_eq!(read_session(&once), read_session(&twice));
        token = successor(&token);
        assert_eq!(read_session(&twice).token, token);
    }
}

/// Live one tick before, over at the very moment; and then the row is read once and removed.
pub async fn expiry_is_exact_to_the_tick(store: &impl Store, tables: &impl Tables) {
    for (offset, lives) in [(-tick(store), true), (0, false), (tick(store), false)] {
        tables.put_user(&user("ada")).await;
        tables.put_session(&session("ada", "ada", start())).await;
        let presentation = ada(&first_token("ada"), REFRESH_SECONDS * SECOND + offset);
        let (rotated, row) = present(store, tables, &presentation).await;
        let read = read_session(&rotated);
        assert_eq!(read.token == successor(&first_token("ada")), lives, "{offset} µs");
        assert_eq!(presentation.rotation().horizon.has_passed(read), !lives, "{offset} µs");
        assert_eq!(row.is_some(), lives, "{offset} µs");
        assert!(!rotated.reuse_ended_session);
        tables.delete_sessions(&user("ada").id).await;
        tables.delete_user(&user("ada").id).await;
    }
}

/// Counted from the sign-in, whatever the rotations.
pub async fn the_absolute_lifetime_is_exact_to_the_tick(store: &impl Store, tables: &impl Tables) {
    let absolute = 100;
    for (offset, lives) in [(-tick(store), true), (0, false), (tick(store), false)] {
        tables.put_user(&user("ada")).await;
        tables.put_session(&session("ada", "ada", start())).await;
        let at = |token: &TokenId, micros| Presentation { absolute: Some(absolute), ..ada(token, micros) };
        let first = first_token("ada");
        present(store, tables, &at(&first, 50 * SECOND)).await;
        let presentation = at(&successor(&first), absolute * SECOND + offset);
        let (rotated, row) = present(store, tables, &presentation).await;
        let read = read_session(&rotated);
        assert_eq!(presentation.rotation().horizon.has_passed(read), !lives, "{offset} µs");
        assert_eq!(read.token == successor(&successor(&first)), lives, "{offset} µs: what is over is not rotated");
        assert_eq!(row.is_some(), lives, "{offset} µs");
        tables.delete_sessions(&user("ada").id).await;
        tables.delete_user(&user("ada").id).await;
    }
}

/// A minute is skew, more is a superseded token like any other.
pub async fn a_row_from_a_faster_clock_is_accepted_up_to_a_minute_ahead(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let first = first_token("ada");
    let ahead = SKEW_SECONDS * SECOND;
    let (_, rotated) = present(store, tables, &ada(&first, ahead)).await;
    let (replayed, row) = present(store, tables, &ada(&first, 0)).await;
    assert_eq!(row, rotated, "the parent on a node a minute behind");
    assert_eq!(Some(read_session(&replayed)), rotated.as_ref());
    let (_, row) = present(store, tables, &ada(&successor(&first), 0)).await;
    assert_eq!(row, rotated, "the current token on that node is paced");
    let (reused, row) = present(store, tables, &ada(&first, -tick(store))).await;
    assert!(reused.reuse_ended_session && row.is_none(), "further ahead than a minute");
}

/// An inactive user's refresh is refused and leaves the row alone, so that reactivation does not look like reuse.
pub async fn a_refused_refresh_changes_nothing(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let first = first_token("ada");
    let before = only_session(tables).await;
    tables.set_active(&user("ada").id, false).await;
    let (refused, row) = present(store, tables, &ada(&first, SECOND)).await;
    assert_eq!(row, before);
    assert_eq!(refused.row.and_then(|(_, user)| user).map(|user| user.is_active), Some(false));
    tables.set_active(&user("ada").id, true).await;
    let (_, row) = present(store, tables, &ada(&first, 99 * SECOND)).await;
    assert_eq!(row.map(|row| row.token), Some(successor(&first)));
}

/// Neither ended nor rotated, whatever token it shows.
pub async fn a_token_of_another_user_changes_nothing(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    tables.put_user(&user("eve")).await;
    let before = only_session(tables).await;
    for token in [first_token("ada"), first_token("eve")] {
        let (rotated, row) = present(store, tables, &Presentation::new("ada", "eve", &token, start())).await;
        assert_eq!(row, before);
        assert!(!rotated.reuse_ended_session);
        assert_eq!(read_session(&rotated).user_id, user("ada").id);
    }
}

/// A user that was deleted without the sessions.
pub async fn a_session_without_user_is_reported_as_such(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    tables.delete_user(&user("ada").id).await;
    let (rotated, row) = present(store, tables, &ada(&first_token("ada"), SECOND)).await;
    assert!(matches!(rotated.row, Some((_, None))), "{rotated:?}");
    assert_eq!(row.map(|row| row.token), Some(first_token("ada")), "and it is not rotated");
}

/// By the token or by what a rotation has made of it.
pub async fn a_token_without_sid_finds_its_session_once_rotated(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let first = first_token("ada");
    let (_, rotated) = present(store, tables, &ada(&first, 0).without_sid()).await;
    assert_eq!(rotated.as_ref().map(|row| &row.token), Some(&successor(&first)));
    let (replayed, row) = present(store, tables, &ada(&first, SECOND).without_sid()).await;
    assert_eq!((Some(read_session(&replayed)), &row), (rotated.as_ref(), &rotated));
    let (reused, row) = present(store, tables, &ada(&first, GRACE_SECONDS * SECOND + tick(store)).without_sid()).await;
    assert!(reused.reuse_ended_session && row.is_none());
}

/// It names no row any more.
pub async fn a_token_without_sid_two_rotations_back_ends_nothing(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let first = first_token("ada");
    present(store, tables, &ada(&first, 0)).await;
    let (_, row) = present(store, tables, &ada(&successor(&first), 11 * SECOND)).await;
    let (refused, after) = present(store, tables, &ada(&first, 12 * SECOND).without_sid()).await;
    assert!(refused.row.is_none() && !refused.reuse_ended_session);
    assert_eq!(after, row);
}

/// The user alone, the user with the session, and never another's session.
pub async fn a_session_of_a_user_is_read_with_the_user(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    assert_eq!(store.create_user(&sign_up("bob", HASH)).await, Ok(Registration::Created));
    let read = async |name: &str, session: Option<&str>| {
        let session = session.map(|name| SessionId::new(format!("session-{name}")));
        store.user_of_session(&user(name).id, session.as_ref()).await.expect("the store works")
    };
    let adas = kept(store, session("ada", "ada", start())).session;
    assert_eq!(read("ada", Some("ada")).await, Some((user("ada"), Some(adas))));
    assert_eq!(read("ada", Some("bob")).await, Some((user("ada"), None)));
    assert_eq!(read("ada", Some("nobody")).await, Some((user("ada"), None)));
    assert_eq!(read("ada", None).await, Some((user("ada"), None)));
    assert_eq!(read("eve", Some("ada")).await, None);
    tables.set_active(&user("ada").id, false).await;
    assert_eq!(read("ada", None).await.map(|(user, _)| user.is_active), Some(false));
}

/// The first time a row goes, and later none.
pub async fn closing_a_session_is_idempotent_and_takes_the_users_own_only(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let reference = SessionReference::Id(SessionId::new("session-ada"));
    assert_eq!(store.close_session(&user("eve").id, &reference).await, Ok(false));
    assert!(only_session(tables).await.is_some(), "another user closes nothing");
    assert_eq!(store.close_session(&user("ada").id, &reference).await, Ok(true));
    assert_eq!(store.close_session(&user("ada").id, &reference).await, Ok(false));
    assert_eq!(only_session(tables).await, None);
}

/// A token without `sid` ends the session also after a rotation here.
pub async fn closing_by_token_takes_the_successor_too(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let first = first_token("ada");
    let reference = SessionReference::Token { token: first.clone(), successor: successor(&first) };
    present(store, tables, &ada(&first, 0)).await;
    assert_eq!(store.close_session(&user("eve").id, &reference).await, Ok(false));
    assert_eq!(store.close_session(&user("ada").id, &reference).await, Ok(true));
    assert_eq!(only_session(tables).await, None);
}

/// A refresh updates and never inserts.
pub async fn a_closed_session_is_never_refreshed_into_being(store: &impl Store, tables: &impl Tables) {
    with_ada(store).await;
    let reference = SessionReference::Id(SessionId::new("session-ada"));
    store.close_session(&user("ada").id, &reference).await.expect("the store works");
    for presentation in [ada(&first_token("ada"), 1), ada(&first_token("ada"), 1).without_sid()] {
        let (rotated, row) = present(store, tables, &presentation).await;
        assert!(rotated.row.is_none() && row.is_none() && !rotated.reuse_ended_session);
    }
}

/// The clock table: a session over one tick ago, now, and in one tick; by expiry and by birth.
pub async fn the_purge_takes_what_is_over_and_never_a_live_row(store: &impl Store, tables: &impl Tables) {
    let now = later(start(), 1_000 * SECOND);
    let born = later(start(), 500 * SECOND);
    let row = |name: &str, created_at: Timestamp, expires_at: Timestamp| {
        let NewSession { session, client } = session(name, "ada", created_at);
        NewSession { session: Session { expires_at, ..session }, client }
    };
    let far = later(now, 9_000 * SECOND);
    let offsets = [(-tick(store), "before"), (0, "at"), (tick(store), "after")];
    for (offset, name) in offsets {
        tables.put_session(&row(&format!("ends-{name}"), later(now, -SECOND), later(now, offset))).await;
        tables.put_session(&row(&format!("born-{name}"), later(born, offset), far)).await;
    }
    let left = async || -> Vec<String> {
        tables.sessions().await.into_iter().map(|row| row.session.id.as_str().to_string()).collect()
    };
    assert_eq!(purge(store, horizon(now)).await, Ok(2), "without an absolute lifetime");
    assert_eq!(left().await, ["born-after", "born-at", "born-before", "ends-after"].map(|id| format!("session-{id}")));
    assert_eq!(purge(store, Horizon { now, born }).await, Ok(2), "with one");
    assert_eq!(left().await, ["born-after", "ends-after"].map(|id| format!("session-{id}")));
    assert_eq!(purge(store, Horizon { now, born }).await, Ok(0), "again");
}

/// All steps of a purge; how many rows went.
///
/// # Errors
/// As for [`Store::purge_expired`].
pub async fn purge(store: &impl Store, horizon: Horizon) -> Result<u64, StoreError> {
    let mut removed = 0;
    let mut next = Some(Pages::default());
    while let Some(pages) = next {
        let purged = store.purge_expired(horizon, pages).await?;
        removed += purged.removed;
        next = purged.next;
    }
    Ok(removed)
}
