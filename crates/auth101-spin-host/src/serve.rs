//! HTTP: requests to components, and answers back.

use crate::application::Application;
use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, uri::Scheme};
use http_body_util::{BodyExt, Empty, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use std::{convert::Infallible, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;
use wasmtime_wasi_http::{handler::ErrorCode, p3::bindings::http::types::ErrorCode as Code};

type Answer = Response<UnsyncBoxBody<Bytes, wasmtime::Error>>;

/// Serves an application over HTTP/1.1 and, where the client begins with it, HTTP/2. Ends only with an error.
pub(crate) async fn serve(application: Application, listener: TcpListener) -> Result<()> {
    let application = Arc::new(application);
    loop {
        let (stream, client) = listener.accept().await?;
        let application = application.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let application = application.clone();
                async move { Ok::<_, Infallible>(answer(&application, client, request).await) }
            });
            // Whether the client stays to the end is its own affair.
            drop(Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(application: &Application, client: SocketAddr, request: Request<Incoming>) -> Answer {
    let Some(handler) = application.route(request.uri().path()) else {
        return empty(StatusCode::NOT_FOUND);
    };
    let answered = match prepare(request, client) {
        Ok(request) => handler.handle((), request).await.map_err(|error| anyhow!("{error:?}")),
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| {
        eprintln!("Error processing request: {error:#}");
        empty(StatusCode::INTERNAL_SERVER_ERROR)
    })
}

/// The request as a component gets it: with an absolute URL and the client's address, which stands after whatever the client
/// sent under that name. Spin passes on no header that is not UTF-8.
fn prepare(request: Request<Incoming>, client: SocketAddr) -> Result<Request<UnsyncBoxBody<Bytes, ErrorCode>>> {
    let (mut head, body) = request.into_parts();
    for value in head.headers.values() {
        str::from_utf8(value.as_bytes())?;
    }
    let mut url = head.uri.into_parts();
    if let Some(host) = head.headers.get("host") {
        url.authority = Some(host.to_str()?.parse().context("'Host' header contains an invalid authority")?);
    }
    url.scheme = Some(Scheme::HTTP);
    head.uri = Uri::from_parts(url)?;
    head.headers.remove("connection");
    head.headers.append("spin-client-addr", HeaderValue::try_from(client.to_string())?);
    let broken = |error: hyper::Error| ErrorCode::P3(Code::InternalError(Some(error.to_string())));
    Ok(Request::from_parts(head, body.map_err(broken).boxed_unsync()))
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    answer
}
