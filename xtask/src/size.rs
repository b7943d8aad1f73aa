//! `cargo xtask size`: what is shipped against what it may weigh.

use crate::{
    Chore, js, spin,
    tools::{in_root, no_arguments, say},
    worker,
};
use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use std::{fmt::Write as _, fs, io::Write as _};

pub(crate) const CHORE: Chore = Chore {
    name: "size",
    summary: "measures what is shipped and compares it with size-budget.txt",
    help: "\
Builds, prints the size of each file raw and gzipped, and fails where one is more than 5 % over its line in
size-budget.txt. A growth that is wanted changes that file, where a reviewer sees it.

  --built       measures what was built last instead of building
  --write       writes the sizes of now to size-budget.txt",
    run: |arguments| match arguments {
        [flag] if flag == "--built" => measure(false),
        [flag] if flag == "--write" => build().and_then(|()| measure(true)),
        arguments => no_arguments(arguments).and_then(|()| build()).and_then(|()| measure(false)),
    },
};

const BUDGET: &str = "size-budget.txt";
const HEAD: &str = "# Bytes raw and gzipped, by `cargo xtask size --write`. More than 5 % over a line fails.\n";
/// What is shipped.
const FILES: &[&str] = &["build/worker/worker.wasm", "build/worker/index.js", spin::ENDPOINT.output, js::WASM];

fn build() -> Result<()> {
    worker::build(&worker::ENDPOINT)?;
    spin::build(&spin::ENDPOINT)?;
    js::build()
}

fn measure(write: bool) -> Result<()> {
    let mut sizes = Vec::new();
    for file in FILES {
        let bytes = fs::read(in_root(file)).with_context(|| format!("cannot read {file}"))?;
        let (raw, gzipped) = sizes_of(&bytes)?;
        sizes.push((*file, raw, gzipped));
    }
    if write {
        let mut text = HEAD.to_owned();
        for (file, raw, gzipped) in &sizes {
            writeln!(text, "{file} {raw} {gzipped}")?;
        }
        fs::write(in_root(BUDGET), text)?;
        say(&format!("{BUDGET} is written"));
        return Ok(());
    }
    let budget =
        fs::read_to_string(in_root(BUDGET)).with_context(|| format!("{BUDGET} is missing; --write makes it"))?;
    let mut is_over = false;
    println!("{:<28} {:>9} {:>9} {:>18}", "", "raw", "gzipped", "gzipped by budget");
    for (file, raw, gzipped) in sizes {
        let [raw_budget, gzipped_budget] =
            budget_of(&budget, file).with_context(|| format!("{BUDGET} has no line for {file}; --write makes it"))?;
        let over = raw * 100 > raw_budget * 105 || gzipped * 100 > gzipped_budget * 105;
        is_over |= over;
        println!("{file:<28} {raw:>9} {gzipped:>9} {gzipped_budget:>18}{}", if over { "  over" } else { "" });
    }
    if is_over {
        bail!("too large; make it smaller, or accept the growth with `cargo xtask size --write` and say why");
    }
    Ok(())
}

/// Bytes as they are, and gzipped.
pub(crate) fn sizes_of(bytes: &[u8]) -> Result<(usize, usize)> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    Ok((bytes.len(), gzip.finish()?.len()))
}

fn budget_of(budget: &str, file: &str) -> Option<[usize; 2]> {
    let line = budget.lines().find_map(|line| line.strip_prefix(file)?.strip_prefix(' '))?;
    let (raw, gzipped) = line.split_once(' ')?;
    Some([raw.parse().ok()?, gzipped.parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::budget_of;

    #[test]
    fn a_budget_is_found_by_the_whole_name() {
        let budget = "# comment\na.wasm.map 1 2\na.wasm 300 100\n";
        assert_eq!(budget_of(budget, "a.wasm"), Some([300, 100]));
        assert_eq!(budget_of(budget, "a"), None);
    }
}
