//! `cargo xtask soak`: the npm package on real servers to which things happen.

use crate::{
    Chore, js,
    tools::{in_root, javascript, root, run},
};
use anyhow::{Context, Result};
use std::process::Command;

pub(crate) const CHORE: Chore = Chore {
    name: "soak",
    summary: "lets 20 clients use the npm package while servers restart, connections end and networks hang",
    help: "\
Starts PostgreSQL and MariaDB, each with a replica, and the service over a pool of ten connections in a process of its own. While
20 clients sign up, sign in, refresh and sign out, a transaction of the host's holds rows, the server is killed, connections are
ended, a standby answers in its place, and the network swallows everything. Then all rows are checked, and no client may have
heard anything but an outage. Prints the table that stands in docs/databases.md. Takes seven minutes and is no part of the tests.

  --percent N    lets each cause last only N percent of its time",
    run: soak,
};

fn soak(arguments: &[String]) -> Result<()> {
    js::build()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    run(cargo.args(["build", "-p", "auth101-testkit", "--bin", "server"]).current_dir(root()))?;
    run(javascript("node")?.arg(in_root("tests/soak/soak.mjs")).args(arguments)).context("the service did not hold out")
}
