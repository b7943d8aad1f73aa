//! Trouble at chosen statements, for tests: a host that stops between two statements, an instance that traps there.

use std::sync::{Mutex, PoisonError};

/// What happens before a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It never runs, and whoever waits for it waits for ever: the time to kill the host.
    Pause(u64),
    /// The instance traps, and with it every request that it serves.
    Trap(u64),
}

/// Counts the statements of every database from 1, and from 1 again after each fault.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    notify: fn(u64),
}

#[derive(Debug)]
struct State {
    /// Those to come, the next one at the end.
    faults: Vec<Fault>,
    passed: u64,
}

impl Gate {
    /// A gate for faults, one after the other; `notify` hears the number of the statement where one strikes.
    #[must_use]
    pub fn new(mut faults: Vec<Fault>, notify: fn(u64)) -> Self {
        faults.reverse();
        Self { state: Mutex::new(State { faults, passed: 0 }), notify }
    }

    /// Lets a statement pass, or does not.
    ///
    /// # Errors
    /// The instance is to trap.
    pub async fn pass(&self) -> wasmtime::Result<()> {
        let Some(fault) = self.next() else {
            return Ok(());
        };
        match fault {
            Fault::Pause(number) => {
                (self.notify)(number);
                std::future::pending().await
            }
            Fault::Trap(number) => {
                (self.notify)(number);
                Err(wasmtime::format_err!("trapped before statement {number}, as asked"))
            }
        }
    }

    /// The fault that strikes at this statement, if one does.
    fn next(&self) -> Option<Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.passed = state.passed.saturating_add(1);
        let (Fault::Pause(at) | Fault::Trap(at)) = *state.faults.last()?;
        if at != state.passed {
            return None;
        }
        state.passed = 0;
        state.faults.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Gate};

    #[test]
    fn each_fault_counts_from_the_one_before() {
        let gate = Gate::new(vec![Fault::Trap(2), Fault::Trap(1), Fault::Pause(3)], |_| ());
        let struck: Vec<_> = (0..8).map(|_| gate.next()).collect();
        let (trap, pause) = (|at| Some(Fault::Trap(at)), |at| Some(Fault::Pause(at)));
        assert_eq!(struck, [None, trap(2), trap(1), None, None, pause(3), None, None]);
    }
}
