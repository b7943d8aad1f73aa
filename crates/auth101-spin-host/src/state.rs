//! What an instance of a component has on the side of the host.

use crate::{fault::Gate, manifest::AllowedHost, pool::Pools};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{TrappableError, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    WasiHttpCtx,
    p3::{RequestOptions, WasiHttpCtxView, WasiHttpHooks, WasiHttpView, bindings::http::types::ErrorCode},
};

/// What a manifest grants to a component. Values of variables may be secret: there is no `Debug`.
pub(crate) struct Grants {
    /// The values of its variables, by name.
    pub(crate) variables: BTreeMap<String, String>,
    /// The files of the SQLite databases that it may open, by label.
    pub(crate) databases: BTreeMap<String, PathBuf>,
    /// Where it may connect to.
    pub(crate) outbound: Vec<AllowedHost>,
}

/// The state of one instance.
pub(crate) struct State {
    pub(crate) component: Arc<Grants>,
    /// The PostgreSQL connections of the whole application.
    pub(crate) pools: Arc<Pools>,
    pub(crate) gate: Arc<Gate>,
    /// The resources that the instance holds.
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: NoOutboundHttp,
}

impl State {
    /// For a new instance. What the component prints, the host prints.
    pub(crate) fn new(component: Arc<Grants>, pools: Arc<Pools>, gate: Arc<Gate>) -> Self {
        let wasi = WasiCtxBuilder::new().inherit_stdout().inherit_stderr().build();
        let (table, http, hooks) = (ResourceTable::new(), WasiHttpCtx::new(), NoOutboundHttp);
        Self { component, pools, gate, table, wasi, http, hooks }
    }
}

/// No component here asks others by HTTP.
struct NoOutboundHttp;

type Body = UnsyncBoxBody<Bytes, ErrorCode>;
type Transmission = Box<dyn Future<Output = Result<(), ErrorCode>> + Send>;

impl WasiHttpHooks for NoOutboundHttp {
    fn send_request(
        &mut self,
        _: http::Request<Body>,
        _: Option<RequestOptions>,
        _: Transmission,
    ) -> Box<dyn Future<Output = Result<(http::Response<Body>, Transmission), TrappableError<ErrorCode>>> + Send> {
        Box::new(async { Err(ErrorCode::HttpRequestDenied.into()) })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}
