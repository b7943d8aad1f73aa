//! Which instance answers a request: as in Spin, one serves many requests, and several at a time.

use crate::{
    fault::Gate,
    pool::Pools,
    state::{Grants, State},
};
use std::{
    future::pending,
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

/// How instances are reused.
#[derive(Clone, Copy)]
pub(crate) struct Reuse {
    /// The most requests that one instance serves.
    pub(crate) total: usize,
    /// The most requests that it serves at a time.
    pub(crate) concurrent: usize,
    /// How long it may wait for the next one.
    pub(crate) idle: Duration,
}

/// Makes the instances of a component.
pub(crate) struct Instances {
    pub(crate) engine: Engine,
    pub(crate) component: InstancePre<State>,
    pub(crate) reuse: Reuse,
    pub(crate) grants: Arc<Grants>,
    pub(crate) pools: Arc<Pools>,
    pub(crate) gate: Arc<Gate>,
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
        let idle = self.reuse.idle;
        let expiration = Expiration { idle, timer: Box::pin(tokio::time::sleep(idle)) };
        let view = ViewFn::P3(|state: &mut State| state.http());
        Ok(Instance { store, proxy, view, expiration, state: Worker(self.reuse) })
    }
}

/// When an instance ends: never while it has something to do.
pub(crate) struct Expiration {
    idle: Duration,
    timer: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>, status: WorkerStatus, since: Instant) -> Poll<()> {
        match since.checked_add(self.idle) {
            Some(end) if status == WorkerStatus::Idle => {
                self.timer.as_mut().reset(end.into());
                self.timer.as_mut().poll(context)
            }
            _ => Poll::Pending,
        }
    }
}

/// What an instance takes on.
pub(crate) struct Worker(Reuse);

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

    /// A request may take as long as it likes, which is Spin's default.
    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync + 'static>> {
        Box::pin(pending())
    }

    fn drop(&self, store: Store<State>, outcome: wasmtime::Result<()>) {
        drop(store);
        if let Err(error) = outcome {
            eprintln!("worker failed: {error:?}");
        }
    }
}
