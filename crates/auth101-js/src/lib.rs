//! auth101 inside a JavaScript runtime.
//!
//! JavaScript drives: it starts a [`task::Task`], does what the task asks for (a batch on the database, a hash in a worker),
//! and resumes it with the answer until there is a result. So nothing here waits for JavaScript, no promise is made
//! that a lost instance could leave pending, and every call into the module ends in the JavaScript that made it.
//!
//! What passes the boundary are plain values, by `serde-wasm-bindgen` (see [`boundary`]), texts, and the bytes of requests
//! and of jobs. The TypeScript around it lies in `js/`.

#![forbid(unsafe_code)]

mod answer;
pub mod boundary;
mod driver;
mod exchange;
mod hasher;
mod job;
mod options;
pub mod platform;
pub mod rows;
pub mod service;
pub mod task;
