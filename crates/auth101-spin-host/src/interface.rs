//! The interfaces of `wit/spin.wit` as Rust, written by wasmtime.

#![allow(missing_docs, unreachable_pub, reason = "generated")]

wasmtime::component::bindgen!({
    imports: { default: trappable },
    with: {
        "spin:postgres/postgres.connection": crate::postgres::Connection,
        "spin:sqlite/sqlite.connection": crate::sqlite::Connection,
    },
});

pub(crate) use spin::{postgres::postgres, sqlite::sqlite, variables::variables};
