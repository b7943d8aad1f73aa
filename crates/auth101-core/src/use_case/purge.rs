//! The removal of sessions that are over, for a schedule.

use crate::{
    auth::Auth101,
    error::AuthError,
    port::{Pages, PasswordHasher, Store},
    time::Timestamp,
};

/// Removes them all; how many there were. What is removed stays removed, whatever ends it early.
pub(crate) async fn purge<S: Store, H: PasswordHasher>(auth: &Auth101<S, H>, now: Timestamp) -> Result<u64, AuthError> {
    let mut removed = 0;
    let mut next = Some(Pages::default());
    while let Some(pages) = next {
        let purged =
            auth.store.purge_expired(auth.horizon(now), pages).await.map_err(|error| auth.store_fault(error))?;
        removed += purged.removed;
        next = purged.next;
    }
    Ok(removed)
}
