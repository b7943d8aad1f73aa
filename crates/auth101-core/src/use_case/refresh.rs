//! `POST /refresh`: the paced chain of `docs/sessions.md`.

use crate::{
    auth::{Auth101, Tokens},
    error::AuthError,
    event::Event,
    port::{PasswordHasher, Rotated, Rotation, Store},
    time::Timestamp,
    token::refresh::{self, RefreshToken},
};
use core::time::Duration;

/// How far ahead of our clock a row may have been written, in seconds: by a node whose clock is faster.
const SKEW_SECONDS: i64 = 60;

/// The most time that a refresh may take to commit, and what it has where there is no grace period to keep, in
/// milliseconds.
const MAX_COMMIT_MILLIS: u64 = 5_000;

impl<S: Store, H: PasswordHasher> Auth101<S, H> {
    /// Exchanges a refresh token.
    ///
    /// One round trip, whatever the case: the store runs the batch, and the row as it then stands decides the answer.
    ///
    /// # Errors
    /// [`AuthError::InvalidRefreshToken`], [`AuthError::RefreshTokenWithoutId`], [`AuthError::SessionNotFound`],
    /// [`AuthError::SessionExpired`], [`AuthError::UserNotFound`], [`AuthError::Unavailable`], [`AuthError::Internal`].
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, AuthError> {
        let now = self.now();
        let token = refresh::verify(&self.config.keyring, refresh_token, now)?;
        let rotation = self.rotation(now, &token);
        let rotated = self.store.refresh_session(&rotation).await.map_err(|error| self.store_fault(error))?;
        self.judge(&rotation, rotated)
    }

    fn rotation(&self, now: Timestamp, token: &RefreshToken) -> Rotation {
        let grace = self.config.grace_seconds;
        let (grace_from, grace_until) =
            if grace > 0 { (now.minus_seconds(grace), now.plus_seconds(SKEW_SECONDS)) } else { (now, now) };
        // A token from a sign-in is rotated at once; one from a rotation not before it is older than the grace period, so
        // that at most one supersession falls inside any grace period and "the direct parent, within it" is exact.
        let paced = grace > 0 && token.id.is_from_rotation();
        Rotation {
            session: token.session.clone(),
            user_id: token.user_id.clone(),
            presented: token.id.clone(),
            successor: token.successor.clone(),
            grace_from,
            grace_until,
            paced_before: if paced { grace_from } else { Timestamp::FAR_FUTURE },
            horizon: self.horizon(now),
            expires_at: now.plus_seconds(self.config.refresh_token_seconds),
            commit_within: commit_within(grace),
        }
    }

    /// The first line that matches decides.
    fn judge(&self, rotation: &Rotation, rotated: Rotated) -> Result<Tokens, AuthError> {
        let now = rotation.horizon.now;
        let Some((session, user)) = rotated.row else {
            if rotated.reuse_ended_session {
                self.observe(&Event::RefreshReuseDetected { user: self.pseudonym(rotation.user_id.as_str()) });
            }
            return Err(AuthError::SessionNotFound);
        };
        let Some(user) = user else {
            return Err(AuthError::UserNotFound);
        };
        if session.user_id != rotation.user_id || !user.is_active {
            return Err(AuthError::SessionNotFound);
        }
        if rotation.horizon.has_passed(&session) {
            return Err(AuthError::SessionExpired);
        }
        if session.token == rotation.successor {
            let in_grace = rotation.grace_from <= session.updated_at && session.updated_at <= rotation.grace_until;
            if session.updated_at != now && !in_grace {
                return Err(AuthError::SessionNotFound);
            }
            let pseudonym = self.pseudonym(session.id.as_str());
            self.observe(&if session.updated_at == now {
                Event::Refreshed { session: pseudonym }
            } else {
                Event::RefreshReplayed { session: pseudonym }
            });
            return self.tokens(user, &session, now);
        }
        if session.token == rotation.presented {
            return self.tokens(user, &session, now);
        }
        Err(AuthError::SessionNotFound)
    }
}

/// Half the grace period: the other half is for the answer's way back and for the retry that follows where it got lost.
fn commit_within(grace: i64) -> Duration {
    let half = u64::try_from(grace).unwrap_or_default().saturating_mul(500);
    Duration::from_millis(if half == 0 { MAX_COMMIT_MILLIS } else { half.min(MAX_COMMIT_MILLIS) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_has_half_the_grace_period_to_commit_and_five_seconds_at_most() {
        for (grace, millis) in [(1, 500), (4, 2_000), (10, 5_000), (3_600, 5_000), (0, 5_000)] {
            assert_eq!(commit_within(grace), Duration::from_millis(millis), "{grace}");
        }
    }
}
