//! The HTTP contract: a request of any runtime in, a response out.
//!
//! This is the only module that names a path, a status or a message. Entry crates translate their runtime's request
//! into [`request::Request`] and [`response::Response`] back, and do nothing else.

pub mod body;
mod cors;
pub mod error;
mod guard;
mod input;
pub mod request;
pub mod response;
pub mod route;
mod style;
