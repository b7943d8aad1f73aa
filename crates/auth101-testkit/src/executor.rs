//! An executor that polls by hand: nothing runs unless the caller says so, and dropping a [`Task`] at any await is a
//! crash.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

/// Far more polls than any flow has awaits: a future that is not done by then waits for something that never comes.
const MAX_POLLS: usize = 1_000_000;

/// A future under the caller's control.
pub struct Task<'a, T>(Pin<Box<dyn Future<Output = T> + 'a>>);

impl<'a, T> Task<'a, T> {
    /// Takes the future over; it does not start yet.
    pub fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self(Box::pin(future))
    }

    /// Runs to the next await that does not complete at once; the output when there is none left.
    pub fn step(&mut self) -> Option<T> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}

/// Runs a future of fakes to its end. The fakes never wait, they only give others a turn.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    run_for(future, MAX_POLLS).expect("the future waits for something that never comes")
}

/// Polls at most that often, then drops the future where it stands.
pub fn run_for<T>(future: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut task = Task::new(future);
    (0..polls).find_map(|_| task.step())
}

/// Pending once: the await at which others get their turn, or at which the request dies.
pub async fn give_way() {
    let mut yielded = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Every order in which the polls of several futures can follow one another, one after the other: `scenario` builds a
/// fresh set of tasks each time, `check` looks at what they left. Returns how many orders there were.
pub fn every_interleaving<S, T>(
    mut scenario: impl FnMut() -> S,
    tasks: impl for<'s> Fn(&'s S) -> Vec<Task<'s, T>>,
    mut check: impl FnMut(&S, Vec<T>),
) -> usize {
    // An order is the list of choices made; the next one differs in the last choice that had an alternative.
    let mut choices: Vec<(usize, usize)> = Vec::new();
    let mut orders = 0;
    loop {
        let state = scenario();
        let mut running: Vec<Option<Task<'_, T>>> = tasks(&state).into_iter().map(Some).collect();
        let mut outputs: Vec<Option<T>> = running.iter().map(|_| None).collect();
        let mut depth = 0;
        loop {
            let ready: Vec<usize> = (0..running.len()).filter(|at| running[*at].is_some()).collect();
            if ready.is_empty() {
                break;
            }
            if depth == choices.len() {
                choices.push((0, ready.len()));
            }
            let chosen = ready[choices[depth].0];
            depth += 1;
            if let Some(output) = running[chosen].as_mut().and_then(Task::step) {
                outputs[chosen] = Some(output);
                running[chosen] = None;
            }
        }
        drop(running);
        check(&state, outputs.into_iter().flatten().collect());
        orders += 1;
        while choices.last().is_some_and(|(chosen, of)| chosen + 1 == *of) {
            choices.pop();
        }
        match choices.last_mut() {
            Some((chosen, _)) => *chosen += 1,
            None => return orders,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_dropped_task_stops_at_its_await() {
        let log = RefCell::new(Vec::new());
        let two_steps = || async {
            log.borrow_mut().push(1);
            give_way().await;
            log.borrow_mut().push(2);
        };
        assert_eq!(run_for(two_steps(), 1), None);
        assert_eq!(*log.borrow(), [1]);
        block_on(two_steps());
        assert_eq!(*log.borrow(), [1, 1, 2]);
    }

    #[test]
    fn every_order_of_two_by_two_polls_is_tried_once() {
        let mut seen = Vec::new();
        let orders = every_interleaving(
            || RefCell::new(String::new()),
            |log| {
                ["a", "b"]
                    .map(|name| {
                        Task::new(async move {
                            log.borrow_mut().push_str(name);
                            give_way().await;
                            log.borrow_mut().push_str(name);
                        })
                    })
                    .into()
            },
            |log, _| seen.push(log.borrow().clone()),
        );
        assert_eq!(orders, 6);
        assert_eq!(seen, ["aabb", "abab", "abba", "baab", "baba", "bbaa"]);
    }
}
