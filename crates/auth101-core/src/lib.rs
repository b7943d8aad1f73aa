//! E-mail and password authentication without I/O.
//!
//! The crate holds the flows (sign up, sign in, refresh, read the session, revoke, sign out), the tokens, the
//! password rules and the HTTP contract of auth101. It has no clock, no randomness, no database and no socket: a
//! host hands those in through the traits of [`port`], so that the same code runs as a Cloudflare Worker, as a
//! Spin component, inside a JavaScript server and in a test that controls every one of them.
//!
//! Where to start reading: [`http`] takes a request to a method of [`Auth101`], which one file of [`use_case`] holds;
//! that file reads top to bottom and speaks to the database through [`port::Store`].

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod auth;
pub mod config;
pub mod domain;
pub mod error;
pub mod event;
#[cfg(feature = "password-hashing")]
pub mod hasher;
pub mod http;
pub mod port;
pub mod problem;
pub mod secret;
pub mod time;
pub mod token;
pub mod use_case;

pub use auth::{Auth101, Ports};
pub use config::{Config, ConfigError, Options, SettingProblem, Spelling};
pub use error::AuthError;
pub use problem::{Cause, Problem};
pub use secret::Secret;
pub use time::Timestamp;
