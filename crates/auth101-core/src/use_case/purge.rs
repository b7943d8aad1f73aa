//! The removal of sessions that are over, for a schedule.

use crate::{
    auth::Auth101,
    error::AuthError,
    port::{PasswordHasher, Store},
    time::Timestamp,
};

/// Removes them all; how many there were.
pub(crate) async fn purge<S: Store, H: PasswordHasher>(auth: &Auth101<S, H>, now: Timestamp) -> Result<u64, AuthError> {
    auth.store.purge_expired(auth.horizon(now)).await.map_err(|error| auth.store_fault(error))
}
