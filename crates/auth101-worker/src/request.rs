//! From the platform's request to the contract's.

use auth101_core::{
    Config,
    domain::session::Client,
    http::{
        body::{Body, Collector},
        request::{Authorization, Headers, Request as Translated},
    },
};
use js_sys::{Reflect, Uint8Array, futures::JsFuture};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Delay, Request, web_sys::ReadableStreamDefaultReader};
use zeroize::Zeroizing;

/// How long a body may take to arrive in all.
const READING_TIME: Duration = Duration::from_secs(10);

/// Reads the body, as far as it may go, and the headers that count.
pub(crate) async fn translate(request: &Request, config: &Config) -> Translated {
    let (method, path) = (request.inner().method(), request.path());
    let body = read_body(request, config.reads_body(&method, &path)).await;
    Translated {
        method,
        path,
        headers: Headers::read(|name| header(request, name)),
        body,
        client: Client {
            // Set by the platform, which overwrites what a client sends under this name.
            ip_address: header(request, "cf-connecting-ip"),
            user_agent: header(request, "user-agent"),
        },
    }
}

/// The `Authorization` header.
pub(crate) fn authorization(request: &Request) -> Option<Authorization> {
    header(request, "authorization").map(Authorization::new)
}

/// The value of a header. The platform joins several by a comma.
fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}

/// A body that announces more than the cap is not read at all, one that turns out to be longer is read no further, and
/// one that is cut off or stalls is none: half of a request must not be carried out, and memory is not kept for bytes
/// that may never come.
async fn read_body(request: &Request, is_looked_at: bool) -> Body {
    if !Collector::takes(header(request, "content-length").as_deref()) {
        return Body::TooLarge;
    }
    let stream = if is_looked_at { request.inner().body() } else { None };
    // Making a reader fails where the Worker has read the body itself: there is none left.
    let Some(reader) = stream.and_then(|stream| ReadableStreamDefaultReader::new(&stream).ok()) else {
        return Body::empty();
    };
    let mut deadline = pin!(Delay::from(READING_TIME));
    let mut body = Collector::default();
    loop {
        let mut read = pin!(JsFuture::from(reader.read()));
        let outcome = poll_fn(|context| match read.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome.ok()),
            Poll::Pending => deadline.as_mut().poll(context).map(|()| None),
        })
        .await;
        let Some(outcome) = outcome else {
            call_off(&reader);
            return Body::empty();
        };
        let Some(chunk) = chunk(&outcome) else {
            break;
        };
        // Asked before the chunk is copied into the memory of the instance.
        if !body.fits(usize::try_from(chunk.length()).unwrap_or(usize::MAX)) {
            call_off(&reader);
            return Body::TooLarge;
        }
        body.push(&Zeroizing::new(chunk.to_vec()));
    }
    body.finish()
}

/// Tells the platform that the rest is not wanted. Whether it could be told changes nothing.
fn call_off(reader: &ReadableStreamDefaultReader) {
    drop(reader.cancel());
}

/// The bytes of one read; nothing at the end.
fn chunk(read: &JsValue) -> Option<Uint8Array> {
    Reflect::get(read, &JsValue::from_str("value")).ok()?.dyn_into().ok()
}
