//! A component with routes of its own beside those of auth101: `/` says hello, `/me` tells a signed-in caller who they
//! are. It refuses passwords of a list of its own.

#![forbid(unsafe_code)]
// The exports of a component have names that other linkers do not take.
#![cfg(target_family = "wasm")]

use auth101_spin::{AuthError, Blocklist, Endpoint, Response, answer, text};
use serde_json::json;
use spin_sdk::{
    http::{Request, StatusCode},
    http_service,
};
use std::rc::Rc;

/// What people try first. A list for the public is longer, and may live in a file of the component.
struct TriedFirst;

impl Blocklist for TriedFirst {
    fn contains(&self, password: &str) -> bool {
        ["123456789", "qwertyuiop", "spin-mount"].contains(&password.to_lowercase().as_str())
    }
}

#[http_service]
async fn serve(request: Request) -> Response {
    let auth = match Endpoint::from_variables().await {
        Ok(auth) => auth.with_blocklist(Rc::new(TriedFirst)),
        // The log says what to fix.
        Err(error) => return error.report(),
    };
    match request.uri().path() {
        // Everything under /auth: sign-up, sign-in, refresh, revoke, sign-out, session.
        path if auth.covers(path) => auth.handle(request).await,
        "/" => text(StatusCode::OK, "text/plain", "Hello! Sign up at /auth/sign-up/email, then ask for /me.\n"),
        "/me" => match auth.current_user(&request).await {
            Ok(Some(user)) => {
                let body = json!({ "id": user.id.as_str(), "email": user.email });
                text(StatusCode::OK, "application/json", body.to_string())
            }
            Ok(None) => answer(AuthError::Unauthorized),
            // The database is away: that is no reason to call the token bad.
            Err(error) => answer(error),
        },
        #[cfg(feature = "panic-route")]
        "/panic" => panic_route::at_once(),
        #[cfg(feature = "panic-route")]
        "/panic/later" => panic_route::later().await,
        #[cfg(feature = "panic-route")]
        "/panic/stack" => text(StatusCode::OK, "text/plain", panic_route::overflow(1).to_string()),
        _ => text(StatusCode::NOT_FOUND, "text/plain", "Not found\n"),
    }
}

/// The ways to lose an instance, for the tests.
#[cfg(feature = "panic-route")]
mod panic_route {
    #![allow(clippy::panic, reason = "that is what it is for")]

    use auth101_spin::Response;
    use spin_sdk::time::sleep;
    use std::{hint::black_box, time::Duration};

    /// In the first poll.
    pub(crate) fn at_once() -> Response {
        panic!("a panic that a test asked for")
    }

    /// After an await, when nothing of the request is on the stack any more.
    pub(crate) async fn later() -> Response {
        sleep(Duration::from_millis(20)).await;
        panic!("a panic that a test asked for")
    }

    /// A trap without a panic.
    #[allow(unconditional_recursion, reason = "the stack is to end")]
    pub(crate) fn overflow(depth: u64) -> u64 {
        let frame = black_box([depth; 64]);
        frame.iter().sum::<u64>() + black_box(overflow(black_box(depth + 1)))
    }
}
