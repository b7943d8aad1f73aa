//! Writes the inputs to begin from into a directory: one directory a target, one file an input.

use auth101_testkit::fuzz::TARGETS;
use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
    let directory = env::args_os().nth(1).map_or_else(|| PathBuf::from("corpus"), PathBuf::from);
    for (name, seeds) in TARGETS {
        fs::create_dir_all(directory.join(name))?;
        for (number, seed) in seeds().into_iter().enumerate() {
            fs::write(directory.join(name).join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
