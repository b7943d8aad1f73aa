//! What a build leaves for others to read, such as `build/worker`.

use anyhow::{Context, Result};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Makes a directory hold the same files as the one in which a build was staged. Files that are the same already are left
/// alone and the others are exchanged as a whole: whoever reads them meanwhile, such as a test, is not disturbed.
pub(crate) fn replace_directory(stage: &Path, output: &Path) -> Result<()> {
    fs::create_dir_all(output).with_context(|| format!("cannot make {}", output.display()))?;
    let staged = names(stage)?;
    for name in names(output)?.difference(&staged) {
        remove(&output.join(name))?;
    }
    for name in staged {
        let (from, to) = (stage.join(&name), output.join(&name));
        if from.is_dir() {
            if to.is_file() {
                remove(&to)?;
            }
            replace_directory(&from, &to)?;
        } else {
            if to.is_dir() {
                remove(&to)?;
            }
            replace_file(&from, &to)?;
        }
    }
    Ok(())
}

/// Makes a file hold the same as another, in the same way.
pub(crate) fn replace_file(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let folder = to.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let beside = folder.join(format!(".{}.new", std::process::id()));
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, to))
        .with_context(|| format!("cannot write {}", to.display()))
}

/// Makes an empty directory.
pub(crate) fn make_directory_anew(path: &Path) -> Result<()> {
    if path.exists() {
        remove(path)?;
    }
    fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))
}

fn names(directory: &Path) -> Result<BTreeSet<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    entries.map(|entry| Ok(PathBuf::from(entry?.file_name()))).collect()
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{make_directory_anew, replace_directory};
    use std::fs;

    #[test]
    fn a_directory_becomes_the_staged_one_and_what_is_the_same_is_left_alone() {
        let home = std::env::temp_dir().join(format!("auth101-outputs-{}", std::process::id()));
        let (stage, output) = (home.join("stage"), home.join("output"));
        make_directory_anew(&stage.join("deep")).unwrap();
        make_directory_anew(&output.join("over")).unwrap();
        for (file, text) in [("same", "1"), ("deep/changed", "2"), ("new", "3")] {
            fs::write(stage.join(file), text).unwrap();
        }
        fs::create_dir(output.join("deep")).unwrap();
        for (file, text) in [("same", "1"), ("deep/changed", "old"), ("over/gone", "4")] {
            fs::write(output.join(file), text).unwrap();
        }
        let modified = || fs::metadata(output.join("same")).unwrap().modified().unwrap();
        let before = modified();

        replace_directory(&stage, &output).unwrap();

        assert_eq!(fs::read_to_string(output.join("deep/changed")).unwrap(), "2");
        assert_eq!(fs::read_to_string(output.join("new")).unwrap(), "3");
        assert!(!output.join("over").exists());
        assert_eq!(modified(), before);
        fs::remove_dir_all(home).unwrap();
    }
}
