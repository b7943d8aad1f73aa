//! Runs an HTTP component as `spin up` does, for tests, for benchmarks and for people who have no `spin` program.
//!
//! What Spin promises to a component is kept: instances that serve many requests, some at a time; an SQLite connection of
//! its own for every `open`; PostgreSQL connections from a pool that are handed on as they were left; variables by
//! template; access to what the manifest grants and to nothing else. A manifest that Spin refuses is refused.
//!
//! What the components of this repository do not use is missing: triggers other than HTTP, outbound HTTP, key-value
//! stores, files, remote sources. A manifest that asks for one is refused with its name.

pub mod application;
pub mod dispatch;
pub mod fault;
pub mod manifest;
pub mod outbound;
pub mod postgres;
pub mod route;
pub mod runtime_config;
pub mod serve;
pub mod sqlite;
pub mod state;
pub mod variables;
