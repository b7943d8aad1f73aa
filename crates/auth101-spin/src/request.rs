//! From the platform's request to the contract's.

use crate::deadline::Deadline;
use auth101_core::{
    Config,
    domain::session::Client,
    http::{
        body::{Body, Collector},
        request::{Authorization, Headers, Request as Translated},
    },
};
use http_body_util::BodyExt;
use spin_sdk::http::{HeaderMap, Request};
use std::{net::SocketAddr, pin::pin, time::Duration};
use zeroize::Zeroize;

/// How long a body may take to arrive in all.
const READING_TIME: Duration = Duration::from_secs(10);

/// Reads the body, as far as it may go, and the headers that count.
pub(crate) async fn translate(request: Request, config: &Config) -> Translated {
    let (head, body) = request.into_parts();
    let method = head.method.as_str().to_owned();
    let path = head.uri.path().to_owned();
    let is_read = config.reads_body(&method, &path);
    let headers = &head.headers;
    Translated {
        headers: Headers::read(|name| joined(headers, name)),
        body: if !Collector::takes(header(headers, "content-length").as_deref()) {
            Body::TooLarge
        } else if is_read {
            read(body).await
        } else {
            Body::empty()
        },
        client: Client { ip_address: client_address(headers), user_agent: header(headers, "user-agent") },
        method,
        path,
    }
}

/// The `Authorization` header.
pub(crate) fn authorization(headers: &HeaderMap) -> Option<Authorization> {
    joined(headers, "authorization").map(Authorization::new)
}

/// The first value of a header, bytes that are not UTF-8 replaced.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The values of a header, several joined by a comma, bytes that are not UTF-8 replaced.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    if values.is_empty() { None } else { Some(values.join(", ")) }
}

/// The peer of the connection, without its port. Spin appends it to what the client sent under this name, so that only
/// the last value is its own. Behind a proxy it is the proxy. An IPv4 peer is told in one way, also where Spin listens
/// on IPv6 for both.
fn client_address(headers: &HeaderMap) -> Option<String> {
    let last = headers.get_all("spin-client-addr").iter().next_back()?.to_str().ok()?;
    // A value that is no address and port is one that this host does not set.
    let address: SocketAddr = last.rsplit(',').next().unwrap_or(last).trim().parse().ok()?;
    Some(address.ip().to_canonical().to_string())
}

/// A body that turns out to be longer than the cap is read no further, and one that is cut off or stalls is none: half
/// of a request must not be carried out, and memory is not kept for bytes that may never come.
async fn read<B>(body: B) -> Body
where
    B: BodyExt<Data = bytes::Bytes>,
{
    let mut body = pin!(body);
    let mut deadline = Deadline::after(READING_TIME);
    let mut collector = Collector::default();
    loop {
        let frame = match deadline.before(body.frame()).await {
            Some(None) => return collector.finish(),
            Some(Some(Ok(frame))) => frame,
            Some(Some(Err(_))) | None => return Body::empty(),
        };
        // Trailers are none of our business.
        let Ok(data) = frame.into_data() else { continue };
        // The very bytes that came, where nobody else holds them: to be wiped, and not to be kept, for each frame has
        // sixteen kilobytes of memory however few bytes are in it.
        let mut data = Vec::from(data);
        let fits = collector.push(&data);
        data.as_mut_slice().zeroize();
        if !fits {
            return collector.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spin_sdk::http::HeaderValue;

    fn of(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_client_is_whom_the_host_names_and_never_whom_the_client_names() {
        let address = |values: &[&'static str]| client_address(&of("spin-client-addr", values));
        assert_eq!(address(&["192.0.2.1:50000"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(address(&["203.0.113.9:1", "192.0.2.1:50000"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(address(&["203.0.113.9:1, 192.0.2.1:50000"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(address(&["[2001:db8::1]:443"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(address(&["[::ffff:192.0.2.1]:5"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(address(&["203.0.113.9:1", "unix"]), None, "never the one before the last");
        assert_eq!(address(&["192.0.2.1"]), None);
        assert_eq!(address(&[]), None);
    }

    #[test]
    fn several_authorizations_are_joined_and_so_none_is_preferred() {
        let bearer = |values: &[&'static str]| {
            let authorization = authorization(&of("authorization", values))?;
            authorization.bearer_token().map(ToOwned::to_owned)
        };
        assert_eq!(bearer(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(bearer(&["Bearer abc", "Bearer def"]), None);
        assert_eq!(bearer(&[]), None);
    }
}
