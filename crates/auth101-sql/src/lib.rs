//! The store of auth101 over any SQL database.
//!
//! A platform implements [`driver::SqlDriver`], which has one method; [`SqlStore`] does the rest. The statements stand
//! in [`statement`] as text, are rendered once for a dialect, and lie rendered in `tests/rendered/` for a reviewer.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod catalogue;
pub mod classify;
pub mod compare;
mod contents;
pub mod dialect;
pub mod driver;
pub mod entity;
mod flag;
pub mod row;
pub mod schema;
pub mod statement;
pub mod store;

pub use dialect::Dialect;
pub use driver::{BATCH_LIMIT, LOCK_WAIT, Outcome, Row, SqlDriver, SqlError, Statement, Value};
pub use entity::Entities;
pub use statement::Statements;
pub use store::SqlStore;
