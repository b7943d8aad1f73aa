//! What may take so long and no longer.

use spin_sdk::time::sleep;
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

/// A moment, for any number of futures one after the other.
pub(crate) struct Deadline(Pin<Box<dyn Future<Output = ()>>>);

impl Deadline {
    /// So long from now.
    pub(crate) fn after(duration: Duration) -> Self {
        Self(Box::pin(sleep(duration)))
    }

    /// What the future gives, or nothing where the moment comes before. Not to be asked again then.
    pub(crate) async fn before<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.0.as_mut().poll(context).map(|()| None),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::{pending, ready},
        task::{Context, Waker},
    };

    fn poll<F: Future>(future: F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn what_is_ready_counts_even_at_the_last_moment() {
        let mut deadline = Deadline(Box::pin(ready(())));
        assert_eq!(poll(deadline.before(ready(1))), Poll::Ready(Some(1)));
        assert_eq!(poll(deadline.before(pending::<u8>())), Poll::Ready(None));
    }

    #[test]
    fn before_the_moment_both_are_waited_for() {
        let mut deadline = Deadline(Box::pin(pending()));
        assert!(poll(deadline.before(pending::<u8>())).is_pending());
        assert_eq!(poll(deadline.before(ready(2))), Poll::Ready(Some(2)), "one after the other");
    }
}
