//! A Worker with routes of its own beside those of auth101: `/` says hello, `/me` tells a signed-in caller who they
//! are. It refuses passwords of a list of its own.

#![forbid(unsafe_code)]

use auth101_worker::{AuthError, Blocklist, Endpoint, answer};
use serde_json::json;
use std::rc::Rc;
use worker::{Context, Env, Request, Response, event};

/// What people try first. A list for the public is longer, and may live in a file of the Worker.
struct TriedFirst;

impl Blocklist for TriedFirst {
    fn contains(&self, password: &str) -> bool {
        ["123456789", "qwertyuiop", "worker-mount"].contains(&password.to_lowercase().as_str())
    }
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    let auth = match Endpoint::from_env(&env) {
        Ok(auth) => auth.with_blocklist(Rc::new(TriedFirst)),
        // The log says what to fix. `from_env(&env)?` would do as well, with a plainer answer.
        Err(error) => return Ok(error.report()),
    };
    let path = request.path();
    match path.as_str() {
        // Everything under /auth: sign-up, sign-in, refresh, revoke, sign-out, session.
        path if auth.covers(path) => Ok(auth.handle(request).await),
        "/" => Response::ok("Hello! Sign up at /auth/sign-up/email, then ask for /me."),
        "/me" => match auth.current_user(&request).await {
            Ok(Some(user)) => Response::from_json(&json!({ "id": user.id.as_str(), "email": user.email })),
            Ok(None) => Ok(answer(AuthError::Unauthorized)),
            // The database is away: that is no reason to call the token bad.
            Err(error) => Ok(answer(error)),
        },
        #[cfg(feature = "panic-route")]
        "/panic" => panic_route::at_once(),
        #[cfg(feature = "panic-route")]
        "/panic/later" => panic_route::later().await,
        #[cfg(feature = "panic-route")]
        "/panic/stack" => Response::ok(panic_route::overflow(1).to_string()),
        _ => Response::error("Not found", 404),
    }
}

/// The ways to lose an instance, for the tests.
#[cfg(feature = "panic-route")]
mod panic_route {
    #![allow(clippy::panic, reason = "that is what it is for")]

    use std::{hint::black_box, time::Duration};
    use worker::{Delay, Response};

    /// In the first poll.
    pub(crate) fn at_once() -> worker::Result<Response> {
        panic!("a panic that a test asked for")
    }

    /// After an await, when nothing of the request is on the stack any more.
    pub(crate) async fn later() -> worker::Result<Response> {
        Delay::from(Duration::from_millis(20)).await;
        panic!("a panic that a test asked for")
    }

    /// A trap without a panic.
    #[allow(unconditional_recursion, reason = "the stack is to end")]
    pub(crate) fn overflow(depth: u64) -> u64 {
        let frame = black_box([depth; 64]);
        frame.iter().sum::<u64>() + black_box(overflow(black_box(depth + 1)))
    }
}
