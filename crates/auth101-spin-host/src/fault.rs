//! Trouble at chosen statements, for tests: a host that stops between two statements, an instance that traps there.

use anyhow::{Context, Result, bail};
use std::{
    str::FromStr,
    sync::{Mutex, PoisonError},
};

/// What happens before a statement runs. Each counts from the one before, over all databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never runs, and whoever waits for it waits for ever: the time to kill the host.
    Pause(u64),
    /// The instance traps, and with it every request that it serves.
    Trap(u64),
}

impl FromStr for Fault {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (kind, number) = text.split_once(':').context("a fault is pause:N or trap:N")?;
        let number = number.parse()?;
        match kind {
            "pause" => Ok(Self::Pause(number)),
            "trap" => Ok(Self::Trap(number)),
            _ => bail!("a fault is pause:N or trap:N"),
        }
    }
}

/// Where every statement passes.
pub(crate) struct Gate(Mutex<State>);

struct State {
    /// Those to come, the next one at the end.
    faults: Vec<Fault>,
    passed: u64,
}

impl Gate {
    pub(crate) fn new(mut faults: Vec<Fault>) -> Self {
        faults.reverse();
        Self(Mutex::new(State { faults, passed: 0 }))
    }

    /// Lets a statement pass, unless a fault strikes; the log then has its number.
    pub(crate) async fn pass(&self) -> wasmtime::Result<()> {
        match self.next() {
            None => Ok(()),
            Some(Fault::Pause(number)) => {
                eprintln!("fault before statement {number}");
                std::future::pending().await
            }
            Some(Fault::Trap(number)) => {
                eprintln!("fault before statement {number}");
                Err(wasmtime::format_err!("trapped before statement {number}, as asked"))
            }
        }
    }

    fn next(&self) -> Option<Fault> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let faults = ["trap:2", "trap:1", "pause:3"].map(|fault| fault.parse().unwrap());
        let gate = Gate::new(faults.to_vec());
        let struck: Vec<_> = (0..8).map(|_| gate.next()).collect();
        let (trap, pause) = (|at| Some(Fault::Trap(at)), |at| Some(Fault::Pause(at)));
        assert_eq!(struck, [None, trap(2), trap(1), None, None, pause(3), None, None]);
    }
}
