//! `cargo xtask sim`: the simulator over many seeds.

use crate::{Chore, tools};
use anyhow::{Context, Result, bail};
use std::process::Command;

pub(crate) const CHORE: Chore = Chore {
    name: "sim",
    summary: "runs many small worlds with crashes, lost answers and a thief, and checks what must always hold",
    help: "\
Builds the simulator optimised, runs it on all cores, and fails where an invariant broke, with the seed that shows it.

  --seeds N     how many worlds; 10000 if not given
  --seed S      the first of them; 0 if not given. `--seeds 1 --seed S` repeats one world exactly",
    run: |arguments| {
        let (seeds, first) = parse(arguments)?;
        simulate(seeds, first)
    },
};

fn parse(arguments: &[String]) -> Result<(u64, u64)> {
    let (mut seeds, mut first) = (10_000, 0);
    let mut arguments = arguments.iter();
    while let Some(flag) = arguments.next() {
        let number = arguments.next().with_context(|| format!("{flag} wants a number"))?;
        let number = number.parse().with_context(|| format!("{number} is not a number"))?;
        match flag.as_str() {
            "--seeds" => seeds = number,
            "--seed" => first = number,
            _ => bail!("there is no option {flag}"),
        }
    }
    Ok((seeds, first))
}

fn simulate(seeds: u64, first: u64) -> Result<()> {
    tools::say("building the simulator, optimised; the first time takes a minute");
    let build = ["run", "--quiet", "--profile", "sim", "--package", "auth101-testkit", "--no-default-features"];
    let features = ["--features", "rusqlite"];
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(tools::root())
        .args(build)
        .args(features)
        .args(["--bin", "simulate", "--"])
        .args([seeds.to_string(), first.to_string()]);
    tools::run(&mut command)
}
