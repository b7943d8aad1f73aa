//! What may take so long and no longer.

use spin_sdk::time::sleep;
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
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

/// The time that one request may spend on the database, whatever number of batches and attempts it takes.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Rc<Cell<Duration>>);

impl Budget {
    /// So much for the whole request.
    pub(crate) fn of(time: Duration) -> Self {
        Self(Rc::new(Cell::new(time)))
    }

    /// What the next batch may take, which wants so much at most. Nothing once the time is up.
    pub(crate) fn part(&self, at_most: Duration) -> Option<Duration> {
        Some(self.0.get().min(at_most)).filter(|part| !part.is_zero())
    }

    /// Notes what a batch took.
    pub(crate) fn spend(&self, time: Duration) {
        self.0.set(self.0.get().saturating_sub(time));
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
    fn the_batches_of_a_request_share_its_time_and_none_begins_once_it_is_up() {
        let seconds = Duration::from_secs;
        let budget = Budget::of(seconds(10));
        assert_eq!(budget.part(seconds(7)), Some(seconds(7)));
        budget.spend(seconds(6));
        assert_eq!(budget.part(seconds(7)), Some(seconds(4)));
        budget.clone().spend(seconds(6));
        assert_eq!(budget.part(seconds(7)), None);
    }

    #[test]
    fn before_the_moment_both_are_waited_for() {
        let mut deadline = Deadline(Box::pin(pending()));
        assert!(poll(deadline.before(pending::<u8>())).is_pending());
        assert_eq!(poll(deadline.before(ready(2))), Poll::Ready(Some(2)), "one after the other");
    }
}
