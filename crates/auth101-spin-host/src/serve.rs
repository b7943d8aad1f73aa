//! HTTP: requests to components, and answers back.

use crate::application::Application;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use wasmtime_wasi_http::{handler::ErrorCode, p3::bindings::http::types::ErrorCode as Code};

type Answer = Response<UnsyncBoxBody<Bytes, wasmtime::Error>>;

/// Serves an application. Does not end.
pub async fn serve(application: Application, listener: TcpListener) -> ! {
    let application = Arc::new(application);
    loop {
        let (stream, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, most likely: there are fewer when some of the requests have been answered.
                report(&format!("cannot accept a connection: {error}"));
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let application = application.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(application.clone(), client, request));
            // A client that goes away is none of our business.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .keep_alive(true)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Writes a line for whoever runs the host.
pub fn report(line: &str) {
    use std::io::Write;
    // Nobody is left to tell if the error stream is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}

async fn answer(
    application: Arc<Application>,
    client: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Answer, std::convert::Infallible> {
    let path = request.uri().path().to_owned();
    let Some((route, matched, handler)) = application.route(&path) else {
        return Ok(empty(StatusCode::NOT_FOUND));
    };
    let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let url = format!("http://{host}{target}");
    let mut told = vec![
        ("spin-path-info".to_owned(), matched.trailing),
        ("spin-full-url".to_owned(), url.clone()),
        ("spin-matched-route".to_owned(), route.raw().to_owned()),
        ("spin-base-path".to_owned(), "/".to_owned()),
        ("spin-raw-component-route".to_owned(), route.raw().to_owned()),
        ("spin-component-route".to_owned(), route.without_wildcard().to_owned()),
        ("spin-client-addr".to_owned(), client.to_string()),
    ];
    told.extend(matched.named.into_iter().map(|(name, value)| (format!("spin-path-match-{name}"), value)));
    for (name, value) in told {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            return Ok(empty(StatusCode::BAD_REQUEST));
        };
        // After whatever the client sent under that name, as in Spin.
        request.headers_mut().append(name, value);
    }
    request.headers_mut().remove("connection");
    let Ok(url) = url.parse() else {
        return Ok(empty(StatusCode::BAD_REQUEST));
    };
    *request.uri_mut() = url;
    let request = request.map(|body| body.map_err(broken).boxed_unsync());
    Ok(match handler.handle((), request).await {
        Ok(answer) => answer,
        Err(error) => {
            report(&format!("a request failed: {error:?}"));
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    })
}

fn broken(error: hyper::Error) -> ErrorCode {
    ErrorCode::P3(Code::InternalError(Some(error.to_string())))
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    answer
}
