//! The command line.

use anyhow::{Context, Result, bail, ensure};
use auth101_spin_host::{
    application::{Options, Prepared},
    fault::Fault,
};
use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

pub(crate) const HELP: &str = "\
auth101-spin-host up: runs a Spin application without Spin

  --from FILE                       the manifest; spin.toml unless given
  --listen ADDRESS                  127.0.0.1:3000 unless given; port 0 takes a free one, and the address is printed
  --variable NAME=VALUE             a value for a variable of the manifest; may be given several times.
                                    SPIN_VARIABLE_NAME in the environment does the same and stays out of `ps`
  --sqlite @FILE[:LABEL]            runs the statements of a file on an SQLite database before anything is served;
                                    may be given several times. The label is `default` unless given
  --sqlite SQL                      runs a statement on the database `default` likewise
  --runtime-config-file FILE        where SQLite databases are, as for Spin
  --state-dir FOLDER                where they are otherwise: .spin beside the manifest unless given
  --max-instance-reuse-count N      how many requests an instance serves; 128 unless given
  --max-instance-concurrent-reuse-count N
                                    how many of them at a time; 16 unless given
  --idle-instance-timeout MS        how many milliseconds it waits for the next one; 1000 unless given

For tests, counting the statements of all databases from 1:

  --pause-at N                      statement N never runs, nor ends
  --trap-at N                       statement N ends its instance

Both may be given several times: each counts from the one before.";

/// What the command line says.
pub(crate) struct Arguments {
    /// Of the application.
    pub(crate) options: Options,
    /// Where it is served.
    pub(crate) listen: SocketAddr,
    /// What goes wrong, one after the other.
    pub(crate) faults: Vec<Fault>,
}

impl Arguments {
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        let Some(("up", words)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
            bail!("the command is `up`; --help tells more");
        };
        let mut options = Options { manifest: PathBuf::from("spin.toml"), ..Options::default() };
        let (mut listen, mut faults) = (SocketAddr::from(([127, 0, 0, 1], 3000)), Vec::new());
        let mut words = words.iter();
        while let Some(flag) = words.next() {
            let value = words.next().with_context(|| format!("{flag} wants a value; --help tells more"))?;
            let count = || value.parse::<u64>().with_context(|| format!("{flag}: `{value}` is not a number"));
            match flag.as_str() {
                "--from" | "-f" => options.manifest = value.into(),
                "--listen" => listen = value.parse().with_context(|| format!("{flag}: `{value}` is not HOST:PORT"))?,
                "--variable" => {
                    let (name, value) = value.split_once('=').context("--variable wants NAME=VALUE")?;
                    options.variables.insert(name.to_owned(), value.to_owned());
                }
                "--sqlite" => options.sqlite.push(prepared(value)?),
                "--runtime-config-file" => options.runtime_config = Some(value.into()),
                "--state-dir" => options.state = Some(value.into()),
                "--max-instance-reuse-count" => options.reuse.total = usize::try_from(count()?)?.max(1),
                "--max-instance-concurrent-reuse-count" => {
                    options.reuse.concurrent = usize::try_from(count()?)?.max(1);
                }
                "--idle-instance-timeout" => options.reuse.idle = Duration::from_millis(count()?),
                "--pause-at" => faults.push(Fault::Pause(count()?)),
                "--trap-at" => faults.push(Fault::Trap(count()?)),
                _ => bail!("there is no option {flag}; --help lists them"),
            }
        }
        Ok(Self { options, listen, faults })
    }
}

/// What is run before anything is served, in the form that Spin reads.
fn prepared(value: &str) -> Result<Prepared> {
    let Some(place) = value.strip_prefix('@').map(str::trim) else {
        return Ok(Prepared::Statement(value.to_owned()));
    };
    let (file, label) = place.split_once(':').map_or((place, "default"), |(file, label)| (file.trim(), label.trim()));
    ensure!(!file.is_empty() && !label.is_empty(), "--sqlite wants @FILE or @FILE:LABEL");
    let statements = fs::read_to_string(file).with_context(|| format!("--sqlite: cannot read {file}"))?;
    Ok(Prepared::File { label: label.to_owned(), statements })
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Prepared};
    use auth101_spin_host::fault::Fault;
    use std::time::Duration;

    fn parse(words: &[&str]) -> Result<Arguments, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Arguments::parse(&words).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn what_is_not_given_is_as_in_spin() {
        let arguments = parse(&["up"]).unwrap();
        assert_eq!(arguments.options.manifest.to_str(), Some("spin.toml"));
        assert_eq!(arguments.listen.to_string(), "127.0.0.1:3000");
        assert_eq!((arguments.options.reuse.total, arguments.options.reuse.concurrent), (128, 16));
        assert_eq!(arguments.options.reuse.idle, Duration::from_secs(1));
        assert!(arguments.faults.is_empty());
    }

    #[test]
    fn flags_are_taken_in_their_order() {
        let arguments = parse(&["up", "--variable", "a=b=c", "--trap-at", "2", "--pause-at", "1"]).unwrap();
        assert_eq!(arguments.options.variables.get("a").map(String::as_str), Some("b=c"));
        assert_eq!(arguments.faults, [Fault::Trap(2), Fault::Pause(1)]);
    }

    #[test]
    fn statements_are_given_themselves_or_as_a_file_with_a_label() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let prepared = |value: &str| parse(&["up", "--sqlite", value]).map(|mut one| one.options.sqlite.pop().unwrap());
        assert!(matches!(prepared("SELECT 1"), Ok(Prepared::Statement(sql)) if sql == "SELECT 1"));
        for (value, expected) in [(format!("@{file}"), "default"), (format!("@{file}:accounts"), "accounts")] {
            let Ok(Prepared::File { label, statements }) = prepared(&value) else { panic!("{value}") };
            assert_eq!(label, expected);
            assert!(statements.contains("auth101-spin-host"));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (words, named) in [
            (&["serve"][..], "the command is `up`"),
            (&["up", "--form", "spin.toml"], "--form"),
            (&["up", "--from"], "--from wants a value"),
            (&["up", "--listen", "nowhere"], "`nowhere` is not HOST:PORT"),
            (&["up", "--variable", "auth_secret"], "NAME=VALUE"),
            (&["up", "--trap-at", "first"], "`first` is not a number"),
            (&["up", "--sqlite", "@missing.sql"], "missing.sql"),
            (&["up", "--sqlite", "@"], "@FILE"),
            (&["up", "--sqlite", "@:accounts"], "@FILE"),
            (&["up", "--sqlite", "@file.sql:"], "@FILE:LABEL"),
        ] {
            let said = parse(words).err().unwrap_or_default();
            assert!(said.contains(named), "{words:?}: {said}");
        }
    }
}
