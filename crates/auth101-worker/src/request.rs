//! From the platform's request to the contract's.

use auth101_core::{
    domain::session::Client,
    http::{
        body::{Body, MAX_BODY_BYTES},
        request::{Authorization, Request as Translated},
    },
};
use js_sys::{Reflect, Uint8Array, futures::JsFuture};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Request, web_sys::ReadableStreamDefaultReader};
use zeroize::Zeroizing;

/// Reads the body, as far as it may go, and the headers that count.
pub(crate) async fn translate(request: &Request) -> Translated {
    Translated {
        method: request.inner().method(),
        path: request.path(),
        authorization: authorization(request),
        content_type: header(request, "content-type"),
        origin: header(request, "origin"),
        body: read_body(request).await,
        client: Client {
            // Set by the platform, which overwrites what a client sends under this name.
            ip_address: header(request, "cf-connecting-ip"),
            user_agent: header(request, "user-agent"),
        },
    }
}

/// The `Authorization` header. The platform joins several by a comma.
pub(crate) fn authorization(request: &Request) -> Option<Authorization> {
    header(request, "authorization").map(Authorization::new)
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}

/// A body that announces more than the cap is not read at all, and one that turns out to be longer is read no further.
async fn read_body(request: &Request) -> Body {
    let announced = header(request, "content-length").and_then(|length| length.parse::<u64>().ok());
    let announced = usize::try_from(announced.unwrap_or_default()).unwrap_or(usize::MAX);
    if announced > MAX_BODY_BYTES {
        return Body::TooLarge;
    }
    let Some(stream) = request.inner().body() else {
        return Body::empty();
    };
    // Fails where the Worker has read the body itself: there is none left.
    let Ok(reader) = ReadableStreamDefaultReader::new(&stream) else {
        return Body::empty();
    };
    // The whole length at once where it is known, so that no growth leaves copies of a password behind.
    let mut body = Zeroizing::new(Vec::with_capacity(announced));
    // The client may go away in the middle. What it sent is then no JSON, and nobody reads the answer.
    while let Ok(read) = JsFuture::from(reader.read()).await {
        let Some(chunk) = chunk(&read) else {
            break;
        };
        let length = usize::try_from(chunk.length()).unwrap_or(usize::MAX);
        if length > MAX_BODY_BYTES.saturating_sub(body.len()) {
            // Whether the rest could be called off changes nothing.
            let _ = JsFuture::from(reader.cancel()).await;
            return Body::TooLarge;
        }
        body.extend_from_slice(&Zeroizing::new(chunk.to_vec()));
    }
    Body::Complete(body)
}

/// The bytes of one read; nothing at the end.
fn chunk(read: &JsValue) -> Option<Uint8Array> {
    Reflect::get(read, &JsValue::from_str("value")).ok()?.dyn_into().ok()
}
