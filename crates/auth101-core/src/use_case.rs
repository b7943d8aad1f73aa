//! What the service does, one file a route.

pub mod get_session;
pub mod purge;
pub mod refresh;
pub mod revoke_session;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
