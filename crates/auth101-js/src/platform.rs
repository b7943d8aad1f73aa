//! The clock, the randomness and the list of refused passwords, as JavaScript gives them.

use crate::exchange::Exchange;
use auth101_core::{
    Timestamp,
    port::{Blocklist, Clock, Random, RandomError},
};
use js_sys::Function;
use serde_json::json;
use std::{rc::Rc, time::Duration};
use wasm_bindgen::JsValue;

/// The time at which the call was made: `Date.now()`, read once by whoever makes it.
pub(crate) struct CallTime(pub(crate) f64);

impl Clock for CallTime {
    fn now(&self) -> Timestamp {
        #[allow(clippy::cast_possible_truncation, reason = "whole milliseconds, and the cast saturates")]
        Timestamp::from_millis(self.0 as i64)
    }
}

/// `Date.now()`, by which the time of a batch is measured.
#[must_use]
pub fn elapsed() -> Duration {
    Duration::from_secs_f64(js_sys::Date::now().max(0.0) / 1_000.0)
}

/// `crypto.getRandomValues`.
pub(crate) struct Crypto;

impl Random for Crypto {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}

/// The host's function over passwords.
pub(crate) struct HostBlocklist {
    pub(crate) contains: Function,
    pub(crate) exchange: Rc<Exchange>,
}

impl Blocklist for HostBlocklist {
    /// A function that throws, or gives no boolean, refuses: a list that cannot be read must not let passwords through.
    fn contains(&self, password: &str) -> bool {
        let answer = self.contains.call1(&JsValue::UNDEFINED, &JsValue::from_str(password));
        answer.ok().and_then(|answer| answer.as_bool()).unwrap_or_else(|| {
            self.exchange.report(json!({
                "event": "fault",
                "fault": "blocklist_failed",
                "subject": "passwordBlocklist",
                "problem": "threw or gave no boolean: the password was refused",
            }));
            true
        })
    }
}
