//! The clock and the randomness of the runtime.

use auth101_core::{
    Timestamp,
    port::{Clock, Random, RandomError},
};

/// `Date.now()`. Workers stop it while a request computes and advance it with each answer from outside: it never runs
/// ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateNow;

impl Clock for DateNow {
    fn now(&self) -> Timestamp {
        #[allow(clippy::cast_possible_truncation, reason = "whole milliseconds, and the cast saturates")]
        Timestamp::from_millis(js_sys::Date::now() as i64)
    }
}

/// `crypto.getRandomValues`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crypto;

impl Random for Crypto {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}
