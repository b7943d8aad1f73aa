//! How long a password would wait to be hashed, and whether that is too long.

use auth101_core::port::HasherError;
use std::time::Duration;

/// The longest that a password may wait, or as long as two hashes take where that is longer. More would only make the
/// instance work for callers who have gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a hash is expected to take before the first one was made.
const EXPECTED: Duration = Duration::from_millis(50);

/// The new measurement is one part of so many in the mean.
const PARTS: u32 = 8;

/// What the hashes of this instance take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    mean: Option<Duration>,
}

impl Load {
    /// Takes the next password in, behind so many others.
    ///
    /// # Errors
    /// It would wait for too long.
    pub(crate) fn admit(self, ahead: usize) -> Result<(), HasherError> {
        let wait = self.wait(ahead);
        if wait > self.patience() { Err(overloaded(wait)) } else { Ok(()) }
    }

    /// Lets a password be hashed whose turn has come, and behind which so many wait.
    ///
    /// # Errors
    /// It has waited for too long.
    pub(crate) fn begin(self, waited: Duration, behind: usize) -> Result<(), HasherError> {
        if waited > self.patience() { Err(overloaded(self.wait(behind))) } else { Ok(()) }
    }

    /// After a hash that took so long.
    #[must_use]
    pub(crate) fn with(self, took: Duration) -> Self {
        Self { mean: Some(self.mean.map_or(took, |mean| (mean * (PARTS - 1) + took) / PARTS)) }
    }

    fn expected(self) -> Duration {
        self.mean.unwrap_or(EXPECTED)
    }

    fn patience(self) -> Duration {
        PATIENCE.max(self.expected() * 2)
    }

    fn wait(self, ahead: usize) -> Duration {
        self.expected().saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX))
    }
}

/// The next whole second, so that whoever comes back does not come too early.
fn overloaded(wait: Duration) -> HasherError {
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    HasherError::Overloaded { retry_after: seconds.saturating_add(u32::from(wait.subsec_nanos() > 0)).max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn retry_after(answer: Result<(), HasherError>) -> Option<u32> {
        match answer {
            Ok(()) => None,
            Err(HasherError::Overloaded { retry_after }) => Some(retry_after),
            Err(HasherError::Failed) => panic!("it would only have waited"),
        }
    }

    #[test]
    fn as_many_are_taken_in_as_are_hashed_in_time_whatever_a_hash_takes() {
        for (took, admitted) in [(Duration::from_millis(25), 200), (seconds(1), 5), (seconds(2), 2), (seconds(60), 2)] {
            let load = Load::default().with(took);
            assert_eq!(load.admit(admitted), Ok(()), "{took:?}");
            assert!(load.admit(admitted + 1).is_err(), "{took:?}");
        }
    }

    #[test]
    fn whoever_is_refused_hears_when_the_others_will_have_been_served() {
        let load = Load::default().with(Duration::from_millis(1_500));
        assert_eq!(retry_after(load.admit(4)), Some(6));
        assert_eq!(retry_after(load.admit(5)), Some(8));
        assert_eq!(retry_after(load.begin(seconds(6), 0)), Some(1));
    }

    #[test]
    fn one_that_has_waited_for_too_long_is_not_hashed() {
        let load = Load::default().with(seconds(1));
        assert_eq!(load.begin(seconds(5), 9), Ok(()));
        assert_eq!(retry_after(load.begin(seconds(6), 9)), Some(9));
    }

    #[test]
    fn what_hashes_take_is_learnt() {
        let load = (0..100).fold(Load::default().with(seconds(10)), |load, _| load.with(seconds(1)));
        assert_eq!(load.admit(4), Ok(()));
    }
}
