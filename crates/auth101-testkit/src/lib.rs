//! Everything that tests, fuzzers and chores need to put auth101 under load, under fault and under a clock of their own.
//!
//! - fakes for the ports: [`clock`], [`random`], [`hasher`], [`observer`];
//! - trouble: [`executor`] (interleavings and crashes), [`faulty`], [`mutation`];
//! - what every implementation must do: [`driver_suite`], [`store_suite`];
//! - a world of users, browsers, a thief and an operator, and the invariants that must hold in it: [`sim`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "an expectation that fails here is a test that fails"
)]

pub mod browser;
pub mod clock;
pub mod driver_suite;
pub mod executor;
pub mod faulty;
#[cfg(feature = "rusqlite")]
pub mod fixture;
#[cfg(feature = "rusqlite")]
pub mod fuzz;
pub mod hasher;
pub mod locked;
pub mod mutation;
#[cfg(feature = "servers")]
pub mod mysql;
pub mod observer;
#[cfg(feature = "servers")]
mod pool;
#[cfg(feature = "servers")]
pub mod postgres;
pub mod random;
#[cfg(feature = "rusqlite")]
pub mod rusqlite;
pub mod sample;
#[cfg(feature = "servers")]
pub mod server_driver;
#[cfg(feature = "servers")]
pub mod servers;
pub mod service;
#[cfg(feature = "rusqlite")]
pub mod sim;
pub mod sql_tables;
pub mod store_suite;
mod suite;
pub mod tables;
pub mod token;
