//! The Spin component that `spin up` runs: the routes and nothing else.
//!
//! A crate of its own, because a component has one handler: one that mounts [`auth101_spin`] brings its own.

#![forbid(unsafe_code)]
// The exports of a component have names that other linkers do not take.
#![cfg(target_family = "wasm")]

use auth101_spin::{Endpoint, Response};
use spin_sdk::{http::Request, http_service};

#[http_service]
async fn serve(request: Request) -> Response {
    match Endpoint::from_variables().await {
        Ok(endpoint) => endpoint.handle(request).await,
        Err(error) => error.report(),
    }
}
