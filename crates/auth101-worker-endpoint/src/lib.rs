//! The Cloudflare Worker that `wrangler deploy` uploads: the routes, and the purge of expired sessions on a schedule.
//!
//! A crate of its own, because a WebAssembly module has one `fetch`: a Worker that mounts [`auth101_worker`] brings its
//! own.

#![forbid(unsafe_code)]

use auth101_worker::Endpoint;
use worker::{Context, Env, Request, Response, ScheduleContext, ScheduledEvent, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    Ok(match Endpoint::from_env(&env) {
        Ok(endpoint) => endpoint.handle(request).await,
        Err(error) => error.report(),
    })
}

#[event(scheduled)]
async fn scheduled(_: ScheduledEvent, env: Env, _: ScheduleContext) {
    match Endpoint::from_env(&env) {
        // A failure is in the log, and the next run removes what this one left.
        Ok(endpoint) => drop(endpoint.purge().await),
        Err(error) => drop(error.report()),
    }
}
