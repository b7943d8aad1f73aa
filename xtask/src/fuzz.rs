//! `cargo xtask fuzz`: libFuzzer over the targets of testkit.

use crate::{
    Chore,
    tools::{cargo, in_root, install_tool, run, say},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub(crate) const CHORE: Chore = Chore {
    name: "fuzz",
    summary: "Runs the fuzz targets under libFuzzer, each for a minute",
    help: "\
Needs a nightly toolchain and a C++ compiler; installs cargo-fuzz into target/tools if it is missing. What the targets
check stands in crates/auth101-testkit/src/fuzz.rs. Inputs that were worth keeping stay in fuzz/corpus, those that broke
something in fuzz/artifacts; the chore names them and fails.

  TARGET …       runs only these; all if none is named
  --seconds N    how long each runs; 60 if not given",
    run: |arguments| {
        let (targets, seconds) = parse(arguments)?;
        fuzz(&targets, seconds)
    },
};

/// The targets, by the names of their files.
fn known_targets() -> Result<Vec<String>> {
    let entries = fs::read_dir(in_root("fuzz/fuzz_targets"))?.collect::<Result<Vec<_>, _>>()?;
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let mut names: Vec<String> = entries.into_iter().filter_map(|entry| stem(entry.path())).collect();
    names.sort();
    Ok(names)
}

fn parse(arguments: &[String]) -> Result<(Vec<String>, u32)> {
    let known = known_targets()?;
    let (mut targets, mut seconds) = (Vec::new(), 60);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let number = arguments.next().context("--seconds wants a number")?;
            seconds = number.parse().with_context(|| format!("{number} is not a number"))?;
        } else if known.contains(argument) {
            targets.push(argument.clone());
        } else {
            bail!("there is no target `{argument}`; the targets are {}", known.join(", "));
        }
    }
    Ok((if targets.is_empty() { known } else { targets }, seconds))
}

fn fuzz(targets: &[String], seconds: u32) -> Result<()> {
    let nightly = ["run", "nightly", "rustc", "--version"];
    let there = Command::new("rustup").args(nightly).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        bail!("libFuzzer needs a nightly toolchain; `rustup toolchain install nightly --profile minimal` gets one");
    }
    let cargo_fuzz = install_tool("cargo-fuzz", "0.13.2", &[])?;
    say("Writing the inputs to begin from into fuzz/corpus");
    let seeds = ["run", "--quiet", "--manifest-path", "fuzz/Cargo.toml", "--example", "seeds", "--"];
    run(cargo(&seeds).env("CARGO_TARGET_DIR", target_directory()).arg(in_root("fuzz/corpus")))?;

    let mut broken = Vec::new();
    for target in targets {
        say(&format!("{target}, for {seconds} seconds"));
        let mut command = Command::new("rustup");
        // The variable names the cargo that runs this chore, which is not the nightly one.
        command.current_dir(in_root(".")).env_remove("CARGO").args(["run", "nightly"]).arg(&cargo_fuzz);
        command.args(["run", "--fuzz-dir", "fuzz", "--target-dir"]).arg(target_directory()).arg(target);
        command.args(["--", "-max_len=8192", "-print_final_stats=1"]).arg(format!("-max_total_time={seconds}"));
        if run(&mut command).is_err() {
            broken.push(target.as_str());
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    let kept: Vec<String> = broken.iter().flat_map(|target| kept(target)).collect();
    let broken = broken.join(" and ");
    if kept.is_empty() {
        bail!("{broken} failed without an input that shows it; what was said stands above");
    }
    bail!("{broken} broke; inputs that show it:\n  {}", kept.join("\n  "))
}

/// The inputs on which a target broke, this time or before.
fn kept(target: &str) -> Vec<String> {
    let directory = Path::new("fuzz/artifacts").join(target);
    let entries = fs::read_dir(in_root(&directory)).into_iter().flatten().flatten();
    entries.map(|entry| directory.join(entry.file_name()).display().to_string()).collect()
}

/// Instrumented builds are kept apart from all others.
fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| in_root("target"), |directory| in_root(PathBuf::from(directory)))
        .join("fuzz")
}
