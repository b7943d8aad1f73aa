//! A pool of connections as hosts have them: bounded, shared by threads, and given back as they are.

use auth101_sql::SqlError;
use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// How long a caller waits for a connection where it does not say otherwise: longer than any busy machine takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

type Connect<C> = Box<dyn Fn() -> Result<C, SqlError> + Send + Sync>;

/// The pool.
pub(crate) struct Pool<C> {
    connect: Connect<C>,
    patience: Duration,
    state: Mutex<State<C>>,
    returned: Condvar,
}

struct State<C> {
    idle: Vec<C>,
    open: usize,
    size: usize,
}

impl<C> Pool<C> {
    /// At most `size` connections; a caller waits so long for one before it is told that there is none.
    pub(crate) fn new(size: usize, patience: Duration, connect: Connect<C>) -> Self {
        let state = Mutex::new(State { idle: Vec::new(), open: 0, size });
        Self { connect, patience, state, returned: Condvar::new() }
    }

    /// Works with a connection, which is waited for so long at most, and puts it back as it is, unless the error says that it is broken. `None` as an error
    /// means that no connection could be had.
    pub(crate) fn with<T, E>(
        &self,
        patience: Duration,
        work: impl FnOnce(&mut C) -> Result<T, E>,
        broke: impl Fn(&E) -> bool,
    ) -> Result<T, PoolError<E>> {
        let mut connection = self.take(patience).map_err(|_| None)?;
        let outcome = work(&mut connection);
        let keep = !matches!(&outcome, Err(error) if broke(error));
        self.give_back(keep.then_some(connection));
        outcome.map_err(Some)
    }

    fn take(&self, patience: Duration) -> Result<C, SqlError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(connection);
            }
            if state.open < state.size {
                state.open += 1;
                drop(state);
                let connected = (self.connect)();
                if connected.is_err() {
                    self.give_back(None);
                }
                return connected;
            }
            let (waited, timeout) =
                self.returned.wait_timeout(state, patience.min(self.patience)).unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return Err(SqlError::Unavailable);
            }
            state = waited;
        }
    }

    fn give_back(&self, connection: Option<C>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match connection {
            Some(connection) => state.idle.push(connection),
            None => state.open -= 1,
        }
        self.returned.notify_one();
    }
}

/// The error of the work, or nothing where there was no connection to work with.
pub(crate) type PoolError<E> = Option<E>;
