//! The service: configuration, ports, and what its methods share. Each file of [`crate::use_case`] adds the method of a
//! route.

use crate::{
    config::Config,
    domain::{
        identifier::{SessionId, TokenId, UserId},
        session::{Client, NewSession, Session},
        user::User,
    },
    error::AuthError,
    event::{Event, Fault, NoObserver, Observer, Pseudonym},
    port::{Blocklist, Clock, HasherError, Horizon, NoBlocklist, PasswordHasher, Random, Store, StoreError},
    time::Timestamp,
    token::{access, refresh},
};
use alloc::{rc::Rc, string::String};
use serde::Serialize;

/// E-mail and password authentication over a store and a hasher.
///
/// Building one is cheap; a Worker builds one a request. Its methods may run concurrently and share nothing that a
/// dropped or failed one could leave locked.
#[derive(Debug)]
pub struct Auth101<S, H> {
    pub(crate) config: Rc<Config>,
    pub(crate) store: S,
    pub(crate) hasher: H,
    pub(crate) ports: Ports,
}

/// The synchronous ports of a host.
#[derive(Clone)]
pub struct Ports {
    /// The time.
    pub clock: Rc<dyn Clock>,
    /// The randomness.
    pub random: Rc<dyn Random>,
    /// The security log.
    pub observer: Rc<dyn Observer>,
    /// The refused passwords.
    pub blocklist: Rc<dyn Blocklist>,
}

impl Ports {
    /// The two that every host has, with no log and no blocklist.
    #[must_use]
    pub fn new(clock: Rc<dyn Clock>, random: Rc<dyn Random>) -> Self {
        Self { clock, random, observer: Rc::new(NoObserver), blocklist: Rc::new(NoBlocklist) }
    }
}

impl core::fmt::Debug for Ports {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Ports")
    }
}

/// What sign-up, sign-in and refresh give.
#[derive(Clone, Serialize)]
pub struct Tokens {
    /// The user.
    pub user: User,
    /// Shown as `Authorization: Bearer …` with every call.
    pub access_token: String,
    /// Shown to refresh and revoke only.
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: i64,
}

impl core::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("user", &self.user)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// Wires the service.
    pub const fn new(config: Rc<Config>, store: S, hasher: H, ports: Ports) -> Self {
        Self { config, store, hasher, ports }
    }

    /// Now, floored to what the store keeps: every time of the request derives from this one reading, so what is bound
    /// equals what is read back.
    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now().floor_to(self.store.resolution())
    }

    pub(crate) fn horizon(&self, now: Timestamp) -> Horizon {
        Horizon { now, born: self.config.oldest_birth(now) }
    }

    /// A session that begins now.
    pub(crate) fn new_session(
        &self,
        user_id: &UserId,
        now: Timestamp,
        client: &Client,
    ) -> Result<NewSession, AuthError> {
        Ok(NewSession {
            session: Session {
                id: SessionId::from_random(self.random()?),
                token: TokenId::from_random(self.random()?),
                user_id: user_id.clone(),
                expires_at: now.plus_seconds(self.config.refresh_token_seconds),
                created_at: now,
                updated_at: now,
            },
            client: client.cut_to_columns(),
        })
    }

    /// The answer of a flow that ends with a live session: a new access token, and the refresh token of the row.
    pub(crate) fn tokens(&self, user: User, session: &Session, now: Timestamp) -> Result<Tokens, AuthError> {
        let keyring = &self.config.keyring;
        let session_end = self.config.session_ends_at(session.created_at);
        // No access token outlives the absolute lifetime of its session, for an API may check the signature alone.
        let left = session_end.map_or(i64::MAX, |end| end.seconds().saturating_sub(now.seconds()));
        let lifetime = self.config.access_token_seconds.min(left);
        let access_token = access::issue(keyring, &user, &session.id, now, lifetime);
        let refresh_token = refresh::issue(keyring, &user, session, session_end);
        match (access_token, refresh_token) {
            (Ok(access_token), Ok(refresh_token)) => {
                Ok(Tokens { user, access_token, refresh_token, expires_in: lifetime })
            }
            _ => Err(self.fault(Fault::Token)),
        }
    }

    pub(crate) fn observe(&self, event: &Event) {
        self.ports.observer.observe(event);
    }

    pub(crate) fn pseudonym(&self, identifier: &str) -> Pseudonym {
        self.config.keyring.pseudonym(identifier)
    }

    pub(crate) fn store_fault(&self, error: StoreError) -> AuthError {
        self.fault(Fault::Store(error))
    }

    /// Bytes drawn by the platform. Where it cannot, the request fails: nothing weaker stands in.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], AuthError> {
        let mut bytes = [0; N];
        self.ports.random.fill(&mut bytes).map_err(|_| self.fault(Fault::Random))?;
        Ok(bytes)
    }

    /// Tells the observer what went wrong, and the caller only whether to try again.
    pub(crate) fn fault(&self, fault: Fault) -> AuthError {
        let error = match fault {
            Fault::Hasher(HasherError::Overloaded { retry_after }) => AuthError::Overloaded { retry_after },
            Fault::Store(StoreError::Unavailable) | Fault::Random | Fault::Hasher(HasherError::Failed) => {
                AuthError::Unavailable
            }
            Fault::Store(_) | Fault::Token => AuthError::Internal,
        };
        self.observe(&Event::Fault(fault));
        error
    }
}
