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
};
use alloc::{borrow::ToOwned, string::String};

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// Registers a user and opens a first session.
    ///
    /// Checks, hashes, and writes user, account and session in one step. Everything that can fail on its own comes before
    /// the write, so a failure leaves nothing behind.
    ///
    /// # Errors
    /// [`AuthError::CredentialsRequired`], [`AuthError::InvalidEmail`], [`AuthError::InvalidPassword`],
    /// [`AuthError::UserExists`], [`AuthError::Unavailable`], [`AuthError::Internal`].
    pub async fn sign_up(&self, email: &str, password: &Password, client: &Client) -> Result<Tokens, AuthError> {
        let (now, email) = (self.now(), Email::normalise(email));
        if email.is_blank() || password.is_empty() {
            return Err(AuthError::CredentialsRequired);
        }
        let email = email.check()?;
        let password = password
            .clone()
            .check(self.config.password_min_length, |password| self.ports.blocklist.contains(password))?;

        let user_id = UserId::from_random(self.random()?);
        let account_id = AccountId::from_random(self.random()?);
        let session = self.new_session(&user_id, now, client)?;
        let password_hash = self.new_hash(&password).await?;

        let sign_up = SignUp {
            user: User::new(user_id.clone(), email.as_str().to_owned()),
            account: NewAccount { id: account_id, user_id, password_hash, created_at: now },
            session,
        };
        let registration = match self.store.create_user(&sign_up).await {
            Err(StoreError::Unfit) => {
                // Every character set has ASCII, so it is a column that is too short: this address's, or that of the hash.
                if sign_up.user.email.is_ascii() {
                    self.store_fault(StoreError::Unfit);
                }
                return Err(AuthError::InvalidEmail);
            }
            registration => registration.map_err(|error| self.store_fault(error))?,
        };
        match registration {
            Registration::EmailTaken => Err(AuthError::UserExists),
            Registration::Created => {
                let SignUp { user, session, .. } = sign_up;
                self.observe(&Event::SignedUp {
                    user: self.pseudonym(user.id.as_str()),
                    session: self.pseudonym(session.session.id.as_str()),
                });
                self.tokens(user, &session.session, now)
            }
        }
    }

    /// A hash with the configured cost and a salt of its own, in PHC form.
    pub(super) async fn new_hash(&self, password: &Password) -> Result<Secret<String>, AuthError> {
        let salt: [u8; SALT_LENGTH] = self.random()?;
        let parameters = self.config.argon2;
        let tag =
            self.hasher.hash(password, &salt, parameters).await.map_err(|error| self.fault(Fault::Hasher(error)))?;
        Ok(Secret::new(parameters.phc_string(&salt, &tag)))
    }
}
