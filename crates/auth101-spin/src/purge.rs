//! Expired rows, removed without a scheduler.

use crate::{Service, deadline::Deadline, log};
use auth101_core::port::Random;
use spin_sdk::wit_bindgen::spawn;
use std::time::Duration;

/// Whatever is left then is for the next time, which begins elsewhere. What a page has removed stays removed.
pub(crate) const AT_MOST: Duration = Duration::from_secs(30);

/// Starts a purge once in 256 requests that write, on average. It looks at every session, for no index of the tables helps,
/// and a request that writes adds one at most. It runs once the answer is on its way, and nobody waits for it.
pub(crate) fn now_and_then(random: &dyn Random, auth: Service) {
    let mut byte = [1];
    // Which requests is nothing to keep secret, but which of several instances would be alike if they counted.
    if random.fill(&mut byte).is_ok() && byte == [0] {
        spawn(purge(auth));
    }
}

async fn purge(auth: Service) {
    // A failure is in the log by then, and the next purge removes what this one left.
    if let Some(Ok(removed)) = Deadline::after(AT_MOST).before(auth.purge()).await {
        log::purged(removed);
    }
}
