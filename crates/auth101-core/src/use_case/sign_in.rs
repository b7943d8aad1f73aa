//! `POST /sign-in/email`.

use crate::{
    auth::{Auth101, Tokens},
    domain::{
        account::{Credentials, Rehash, StoredPassword},
        email::Email,
        password::Password,
        password_hash::PasswordHash,
        session::Client,
    },
    error::AuthError,
    event::{Event, Fault, SignInFailure},
    port::{Opened, Opening, PasswordHasher, Store, StoreError},
    secret::Secret,
    time::Timestamp,
};

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// Opens a session for a known address and its password.
    ///
    /// One read, one verification, one write. Every failure gives the same answer, and every reading of the database is
    /// followed by exactly one verification, so neither the answer nor its time tells whether an address is registered.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`] whatever the reason, [`AuthError::Unavailable`], [`AuthError::Internal`].
    pub async fn sign_in(&self, email: &str, password: &Password, client: &Client) -> Result<Tokens, AuthError> {
        let (now, email) = (self.now(), Email::normalise(email));
        if email.is_blank() || password.is_empty() || password.is_too_long() {
            return Err(AuthError::InvalidCredentials);
        }
        let mut outcome = self.attempt(now, &email, password, client).await?;
        if matches!(outcome, Err(SignInFailure::Overtaken)) {
            // The hash changed while it was verified. Where another sign-in has just replaced it by a better one of the same
            // password, that one verifies; where the password was changed, it does not.
            outcome = self.attempt(now, &email, password, client).await?;
        }
        outcome.map_err(|reason| {
            self.observe(&Event::SignInFailed { email: self.pseudonym(email.as_str()), reason });
            AuthError::InvalidCredentials
        })
    }

    async fn attempt(
        &self,
        now: Timestamp,
        email: &Email,
        password: &Password,
        client: &Client,
    ) -> Result<Result<Tokens, SignInFailure>, AuthError> {
        let found = match self.store.credentials_by_email(email).await {
            // What the column cannot hold is nobody's address.
            Err(StoreError::Unfit) => None,
            found => found.map_err(|error| self.store_fault(error))?,
        };
        let (stored, failure) = self.readable_hash(found.as_ref());
        let verified = self.hasher.verify(password, &stored).await.map_err(|error| self.fault(Fault::Hasher(error)))?;
        if let Some(reason) = failure {
            return Ok(Err(reason));
        }
        if !verified {
            return Ok(Err(SignInFailure::WrongPassword));
        }
        let Some(Credentials { user, account: Some(account) }) = found else {
            return Ok(Err(SignInFailure::UnknownEmail));
        };
        if !user.is_active {
            return Ok(Err(SignInFailure::Inactive));
        }

        // What was not verified must not be written: a slip beyond bcrypt's 72 bytes would become the password.
        let due = stored.covers(password) && stored.needs_rehash(self.config.argon2, self.config.rehash);
        let rehash = if due { self.better_hash(password).await } else { None };
        let mut opening = Opening {
            session: self.new_session(&user.id, now, client)?,
            verified: account,
            rehash,
            horizon: self.horizon(now),
        };
        let opened = match self.store.open_session(&opening).await {
            // A column that is too short for the better hash: an operator should know, and the user should get in.
            Err(StoreError::Unfit) if opening.rehash.take().is_some() => {
                self.store_fault(StoreError::Unfit);
                self.store.open_session(&opening).await
            }
            opened => opened,
        };
        match opened.map_err(|error| self.store_fault(error))? {
            Opened::Refused => Ok(Err(SignInFailure::Overtaken)),
            Opened::Open => {
                let session = &opening.session.session;
                self.observe(&Event::SignedIn {
                    user: self.pseudonym(user.id.as_str()),
                    session: self.pseudonym(session.id.as_str()),
                    rehashed: opening.rehash.is_some(),
                });
                self.tokens(user, session, now).map(Ok)
            }
        }
    }

    /// The hash to verify against: the stored one, or a dummy of the configured cost with the reason why there is none.
    fn readable_hash(&self, found: Option<&Credentials>) -> (PasswordHash, Option<SignInFailure>) {
        let stored = match found {
            None => Err(SignInFailure::UnknownEmail),
            Some(Credentials { account: Some(StoredPassword { hash: Some(hash), .. }), .. }) => {
                PasswordHash::parse(hash.expose(), &self.config.hash_bounds).ok_or(SignInFailure::UnreadableHash)
            }
            Some(_) => Err(SignInFailure::NoPassword),
        };
        match stored {
            Ok(hash) => (hash, None),
            Err(failure) => (PasswordHash::dummy(self.config.argon2), Some(failure)),
        }
    }

    /// A rehash is a courtesy: where it cannot be made, the sign-in goes on without it. The fault has been reported.
    async fn better_hash(&self, password: &Password) -> Option<Rehash> {
        let password_hash: Secret<_> = self.new_hash(password).await.ok()?;
        Some(Rehash { password_hash })
    }
}
