//! Which instance answers a request: as in Spin, one serves many requests, and several at a time.

use crate::{
    fault::Gate,
    postgres::pool::Pools,
    state::{Grants, State},
};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::time::Sleep;
use wasmtime::{
    Engine, Store, StoreContextMut,
    component::{GuestTaskId, InstancePre},
};
use wasmtime_wasi_http::{
    handler::{HandlerState, Instance, Proxy, ShouldAccept, ViewFn, WorkerExpiration, WorkerState, WorkerStatus},
    p3::{WasiHttpView, bindings::Service},
};

/// How long a request, or what a component does after its answer, may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How instances are reused. The defaults are Spin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// The most requests that one instance serves.
    pub total: usize,
    /// The most requests that it serves at a time.
    pub concurrent: usize,
    /// How long it may wait for the next one.
    pub idle: Duration,
}

impl Default for Reuse {
    fn default() -> Self {
        Self { total: 128, concurrent: 16, idle: Duration::from_secs(1) }
    }
}

/// Makes the instances of a component.
pub struct Instances {
    /// Where it was compiled.
    pub engine: Engine,
    /// The component with its imports.
    pub component: InstancePre<State>,
    /// How instances are reused.
    pub reuse: Reuse,
    /// What each may do.
    pub grants: Arc<Grants>,
    /// The PostgreSQL connections of the whole application.
    pub pools: Arc<Pools>,
    /// Where every statement passes.
    pub gate: Arc<Gate>,
}

impl HandlerState for Instances {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Worker>> {
        let mut store =
            Store::new(&self.engine, State::new(self.grants.clone(), self.pools.clone(), self.gate.clone()));
        let instance = self.component.instantiate_async(&mut store).await?;
        let proxy = Proxy::P3(Service::new(&mut store, &instance)?);
        let expiration = Expiration { idle: self.reuse.idle, timer: Box::pin(tokio::time::sleep(LIMIT)) };
        let view = ViewFn::P3(|state: &mut State| state.http());
        Ok(Instance { store, proxy, view, expiration, state: Worker(self.reuse) })
    }
}

/// When an instance ends.
pub struct Expiration {
    idle: Duration,
    timer: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>, status: WorkerStatus, since: Instant) -> Poll<()> {
        let limit = if status == WorkerStatus::Idle { self.idle } else { LIMIT };
        if let Some(end) = since.checked_add(limit) {
            self.timer.as_mut().reset(end.into());
        }
        self.timer.as_mut().poll(context)
    }
}

/// What an instance takes on.
pub struct Worker(Reuse);

impl WorkerState for Worker {
    type StoreData = State;
    type RequestId = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.0.total {
            ShouldAccept::Never
        } else if concurrent >= self.0.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync + 'static>> {
        Box::pin(tokio::time::sleep(LIMIT))
    }

    fn drop(&self, store: Store<State>, outcome: wasmtime::Result<()>) {
        drop(store);
        if let Err(error) = outcome {
            crate::serve::report(&format!("an instance ended: {error:?}"));
        }
    }
}
