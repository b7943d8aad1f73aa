//! The transactions of this instance that are open: they hold locks that others wait for.

use std::{cell::Cell, future::Future};

thread_local! {
    /// The number that the next one gets, of transactions and of those who wait alike: it tells what came first.
    static NEXT: Cell<u64> = const { Cell::new(0) };
    static OPEN: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
    /// Who waits to keep the instance busy, in the order of arrival.
    static WAITING: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
}

fn next() -> u64 {
    let number = NEXT.get();
    NEXT.set(number.wrapping_add(1));
    number
}

/// Changes a list in one step, or asks it something.
fn with<T>(list: &'static std::thread::LocalKey<Cell<Vec<u64>>>, act: impl FnOnce(&mut Vec<u64>) -> T) -> T {
    let mut numbers = list.take();
    let outcome = act(&mut numbers);
    list.set(numbers);
    outcome
}

/// Counts a transaction for as long as this lives: whether it ends, fails or is dropped.
#[derive(Debug)]
pub(crate) struct Open(u64);

impl Open {
    /// Before the statement that may take a lock is sent: the host gets it while the instance may be busy.
    pub(crate) fn new() -> Self {
        let number = next();
        with(&OPEN, |open| open.push(number));
        Self(number)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        with(&OPEN, |open| open.retain(|number| *number != self.0));
    }
}

/// A place in the row of those who wait; given up with the request.
struct Place(u64);

impl Place {
    fn new() -> Self {
        let number = next();
        with(&WAITING, |waiting| waiting.push(number));
        Self(number)
    }

    fn is_first(&self) -> bool {
        with(&WAITING, |waiting| waiting.first() == Some(&self.0))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        with(&WAITING, |waiting| waiting.retain(|number| *number != self.0));
    }
}

/// How many wait for their turn.
pub(crate) fn waiting() -> usize {
    with(&WAITING, |waiting| waiting.len())
}

/// Returns when the turn has come of whoever asks and the transactions that were open by then have ended, or after so many
/// pauses more: one that is stuck must not stop everything else. A transaction that begins later is not waited for, or
/// where there are always some nobody would get a turn; it meets one turn at most, for the next waits for it.
pub(crate) async fn turn<P: Future<Output = ()>>(pauses: u32, pause: impl Fn() -> P) {
    let place = Place::new();
    while !place.is_first() {
        pause().await;
    }
    let now = next();
    for _ in 0..pauses {
        if with(&OPEN, |open| open.iter().all(|number| *number > now)) {
            return;
        }
        pause().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        cell::RefCell,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    /// Runs what is always ready.
    fn run<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits for something else"),
        }
    }

    /// How many pauses were made while `during` was told the number of each.
    fn pauses(at_most: u32, during: impl Fn(u32)) -> u32 {
        let made = Cell::new(0);
        run(turn(at_most, || {
            made.set(made.get() + 1);
            during(made.get());
            std::future::ready(())
        }));
        made.get()
    }

    #[test]
    fn nobody_waits_where_no_transaction_is_open() {
        assert_eq!(pauses(5, |_| ()), 0);
        drop(Open::new());
        assert_eq!(pauses(5, |_| ()), 0);
    }

    #[test]
    fn the_wait_ends_with_the_last_transaction_that_was_open() {
        let open = RefCell::new(vec![Open::new(), Open::new(), Open::new()]);
        assert_eq!(pauses(100, |_| drop(open.borrow_mut().pop())), 3);
    }

    #[test]
    fn a_transaction_that_begins_meanwhile_is_not_waited_for() {
        let open = RefCell::new(vec![Open::new()]);
        let later = |pause| match pause {
            1 => open.borrow_mut().push(Open::new()),
            2 => drop(open.borrow_mut().remove(0)),
            _ => (),
        };
        assert_eq!(pauses(100, later), 2);
    }

    #[test]
    fn a_transaction_that_never_ends_is_waited_for_so_long_and_no_longer() {
        let _stuck = Open::new();
        assert_eq!(pauses(7, |_| ()), 7);
    }

    /// Is ready when it is polled once more.
    fn one_round() -> impl Future<Output = ()> {
        let mut paused = false;
        std::future::poll_fn(
            move |_| {
                if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }
            },
        )
    }

    #[test]
    fn where_one_never_ends_those_who_wait_go_on_one_at_a_time_in_the_order_of_arrival() {
        let _stuck = Open::new();
        let mut waiting: Vec<_> = (0..3).map(|name| (name, Box::pin(turn(4, one_round)))).collect();
        let mut context = Context::from_waker(Waker::noop());
        let mut gone = Vec::new();
        for round in 1..20 {
            waiting.retain_mut(|(name, one)| {
                let goes = one.as_mut().poll(&mut context).is_ready();
                if goes {
                    gone.push((*name, round));
                }
                !goes
            });
        }
        assert_eq!(gone.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(gone.windows(2).all(|pair| pair[1].1 - pair[0].1 >= 4), "{gone:?}");
    }

    #[test]
    fn the_place_of_a_request_that_is_given_up_is_free() {
        let mut context = Context::from_waker(Waker::noop());
        let _stuck = Open::new();
        let mut first = Box::pin(turn(1_000, one_round));
        let mut second = Box::pin(turn(2, one_round));
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert_eq!(waiting(), 1);
        drop(first);
        assert_eq!(waiting(), 0);
        let polls = (0..10).take_while(|_| second.as_mut().poll(&mut context).is_pending()).count();
        assert!(polls < 10, "it has moved up");
    }

    #[test]
    fn a_transaction_that_fails_or_is_dropped_is_over() {
        async fn transaction(fails: bool) -> Result<(), ()> {
            let _open = Open::new();
            if fails {
                return Err(());
            }
            std::future::pending().await
        }
        assert_eq!(run(transaction(true)), Err(()));
        assert_eq!(pauses(5, |_| ()), 0);
        {
            let mut dropped = pin!(transaction(false));
            assert!(dropped.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert_eq!(pauses(5, |_| ()), 5, "it is open");
        }
        assert_eq!(pauses(5, |_| ()), 0);
    }
}
