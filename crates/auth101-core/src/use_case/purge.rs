//! The removal of sessions that are over, for a schedule.

use crate::{
    auth::Auth101,
    domain::identifier::SessionId,
    error::AuthError,
    port::{Pages, PasswordHasher, Store},
    time::Timestamp,
};

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// Removes the sessions that are over, and says how many there were. For a schedule. What is removed stays removed,
    /// whatever ends the purge early.
    ///
    /// A platform may end every purge early, by the number of statements that it allows. So each begins at an identifier drawn
    /// at random and then goes on from the first one, or sessions late in the order would never be reached.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`], [`AuthError::Internal`].
    pub async fn purge(&self) -> Result<u64, AuthError> {
        let now = self.now();
        let start = SessionId::from_random(self.random()?);
        let start = Pages { after: start.as_str().into(), until: start.as_str().into() };
        let to_the_end = self.pages(now, start.clone(), |_| true).await?;
        let to_the_start = self.pages(now, Pages::default(), |pages| pages.after < start.after).await?;
        Ok(to_the_end + to_the_start)
    }

    /// Removes them page by page, for as long as there are pages that are wanted.
    async fn pages(&self, now: Timestamp, first: Pages, is_wanted: impl Fn(&Pages) -> bool) -> Result<u64, AuthError> {
        let mut removed = 0;
        let mut next = Some(first);
        while let Some(pages) = next.filter(&is_wanted) {
            let purged =
                self.store.purge_expired(self.horizon(now), pages).await.map_err(|error| self.store_fault(error))?;
            removed += purged.removed;
            next = purged.next;
        }
        Ok(removed)
    }
}
