//! `POST /sign-up/email`.

use crate::{
    auth::{Auth101, Tokens},
    domain::{
        account::NewAccount,
        email::Email,
        identifier::{AccountId, UserId},
        password::Password,
        password_hash::SALT_LENGTH,
        session::Client,
        user::User,
    },
    error::AuthError,
    event::{Event, Fault},
    port::{PasswordHasher, Registration, SignUp, Store, StoreError},
    secret::Secret,
    time::Timestamp,
};
use alloc::{borrow::ToOwned, string::String};

/// Checks, hashes, and writes user, account and session in one step. Everything that can fail on its own comes before
/// the write, so a failure leaves nothing behind.
pub(crate) async fn sign_up<S: Store, H: PasswordHasher>(
    auth: &Auth101<S, H>,
    now: Timestamp,
    email: &Email,
    password: &Password,
    client: &Client,
) -> Result<Tokens, AuthError> {
    if email.is_blank() || password.is_empty() {
        return Err(AuthError::CredentialsRequired);
    }
    let email = email.clone().check()?;
    let password = password.clone().check(auth.config.password_min_length, &*auth.ports.blocklist)?;

    let random = &*auth.ports.random;
    let user_id = UserId::generate(random).map_err(|error| auth.random_fault(error))?;
    let account_id = AccountId::generate(random).map_err(|error| auth.random_fault(error))?;
    let session = auth.new_session(&user_id, now, client)?;
    let password_hash = new_hash(auth, &password).await?;

    let sign_up = SignUp {
        user: User::new(user_id.clone(), email.as_str().to_owned()),
        account: NewAccount { id: account_id, user_id, password_hash, created_at: now },
        session,
    };
    let registration = match auth.store.create_user(&sign_up).await {
        Err(StoreError::Unfit) => {
            // Every character set has ASCII, so it is a column that is too short: this address's, or that of the hash.
            if sign_up.user.email.is_ascii() {
                auth.store_fault(StoreError::Unfit);
            }
            return Err(AuthError::InvalidEmail);
        }
        registration => registration.map_err(|error| auth.store_fault(error))?,
    };
    match registration {
        Registration::EmailTaken => Err(AuthError::UserExists),
        Registration::Created => {
            let SignUp { user, session, .. } = sign_up;
            auth.observe(&Event::SignedUp {
                user: auth.pseudonym(user.id.as_str()),
                session: auth.pseudonym(session.session.id.as_str()),
            });
            auth.tokens(user, &session.session, now)
        }
    }
}

/// A hash with the configured cost and a salt of its own, in PHC form.
pub(super) async fn new_hash<S: Store, H: PasswordHasher>(
    auth: &Auth101<S, H>,
    password: &Password,
) -> Result<Secret<String>, AuthError> {
    let mut salt = [0; SALT_LENGTH];
    auth.ports.random.fill(&mut salt).map_err(|error| auth.random_fault(error))?;
    let parameters = auth.config.argon2;
    let tag = auth.hasher.hash(password, &salt, parameters).await.map_err(|error| auth.fault(Fault::Hasher(error)))?;
    Ok(Secret::new(parameters.phc_string(&salt, &tag)))
}
