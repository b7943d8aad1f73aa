//! What an instance of a component has on the side of the host.

use crate::{fault::Gate, outbound::AllowedHost, postgres::pool::Pools};
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
pub struct Grants {
    /// The values of its variables, by name.
    pub variables: BTreeMap<String, String>,
    /// The environment variables that it sees.
    pub environment: Vec<(String, String)>,
    /// The files of the SQLite databases that it may open, by label.
    pub databases: BTreeMap<String, PathBuf>,
    /// Where it may connect to.
    pub outbound: Vec<AllowedHost>,
}

/// The state of one instance.
pub struct State {
    /// What its component may do.
    pub component: Arc<Grants>,
    /// The PostgreSQL connections of the whole application.
    pub pools: Arc<Pools>,
    /// Where every statement passes.
    pub gate: Arc<Gate>,
    /// The resources that the instance holds.
    pub table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: NoOutboundHttp,
}

impl State {
    /// For a new instance. What the component prints, the host prints.
    #[must_use]
    pub fn new(component: Arc<Grants>, pools: Arc<Pools>, gate: Arc<Gate>) -> Self {
        let wasi = WasiCtxBuilder::new().inherit_stdout().inherit_stderr().envs(&component.environment).build();
        Self {
            component,
            pools,
            gate,
            table: ResourceTable::new(),
            wasi,
            http: WasiHttpCtx::new(),
            hooks: NoOutboundHttp,
        }
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
