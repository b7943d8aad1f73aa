//! The list of mutations and of the groups of tests that may notice them.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{collections::BTreeSet, fs, path::Path};

/// Where the list is. `groups.toml` holds the groups, every other file mutations.
pub(super) const DIRECTORY: &str = "tests/mutations";

#[derive(Debug)]
pub(super) struct List {
    /// In the order of their costs, as the file has them.
    pub(super) groups: Vec<Group>,
    pub(super) mutations: Vec<Mutation>,
}

/// Tests that one command runs.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: String,
    /// The command, without quotes: words between blanks.
    pub(super) run: String,
    /// Commands that build what the tests use, once, while nothing is broken.
    #[serde(default)]
    pub(super) prepare: Vec<String>,
    /// Commands that build it again with each mutation.
    #[serde(default)]
    pub(super) build: Vec<String>,
}

impl Group {
    /// What is built before the tests run: a failure of these is none of the tests'.
    pub(super) fn builds(&self) -> Vec<String> {
        let mut commands = self.build.clone();
        if self.run.starts_with("cargo test ") {
            let (build, _) = self.run.split_once(" -- ").unwrap_or((&self.run, ""));
            commands.push(format!("{build} --no-run"));
        }
        commands
    }
}

/// A way to break the sources.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Mutation {
    pub(super) id: String,
    /// What is broken, in words.
    pub(super) breaks: String,
    /// The file, from the root of the repository.
    pub(super) file: String,
    /// A text that is in the file exactly once.
    pub(super) find: String,
    /// What takes its place.
    pub(super) replace: String,
    /// The groups that may notice it, the cheapest first.
    pub(super) tests: Vec<String>,
}

impl Mutation {
    /// The text of the file as the mutation has it.
    pub(super) fn apply(&self, text: &str) -> Result<String> {
        let found = text.matches(&self.find).count();
        ensure!(found == 1, "what it replaces is {found} times in {}, and must be there once", self.file);
        ensure!(self.find != self.replace, "it changes nothing");
        Ok(text.replacen(&self.find, &self.replace, 1))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupFile {
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MutationFile {
    mutation: Vec<Mutation>,
}

impl List {
    pub(super) fn read(directory: &Path) -> Result<Self> {
        let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
        let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        let (mut groups, mut mutations) = (Vec::new(), Vec::new());
        for file in files {
            let text = fs::read_to_string(&file)?;
            let context = || format!("cannot read {}", file.display());
            if file.ends_with("groups.toml") {
                groups = toml::from_str::<GroupFile>(&text).with_context(context)?.group;
            } else {
                mutations.extend(toml::from_str::<MutationFile>(&text).with_context(context)?.mutation);
            }
        }
        let list = Self { groups, mutations };
        list.check()?;
        Ok(list)
    }

    fn check(&self) -> Result<()> {
        let known: BTreeSet<&str> = self.groups.iter().map(|group| group.name.as_str()).collect();
        let mut ids = BTreeSet::new();
        for Mutation { id, tests, .. } in &self.mutations {
            ensure!(ids.insert(id), "two mutations are called {id}");
            ensure!(!tests.is_empty(), "the mutation {id} names no group of tests");
            for test in tests {
                ensure!(known.contains(test.as_str()), "the mutation {id} names {test}, which is no group");
            }
        }
        for group in known {
            let is_used = self.mutations.iter().any(|mutation| mutation.tests.iter().any(|test| test == group));
            ensure!(is_used, "no mutation names the group {group}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::in_root;

    #[test]
    fn every_mutation_of_the_list_applies_to_the_sources() {
        let list = List::read(&in_root(DIRECTORY)).unwrap();
        let problems: Vec<String> = list
            .mutations
            .iter()
            .filter_map(|mutation| {
                let text = fs::read_to_string(in_root(&mutation.file)).with_context(|| mutation.file.clone());
                let applied = text.and_then(|text| mutation.apply(&text));
                applied.err().map(|error| format!("{}: {error:#}", mutation.id))
            })
            .collect();
        assert!(problems.is_empty(), "correct these in {DIRECTORY}:\n{}", problems.join("\n"));
    }

    #[test]
    fn a_text_that_is_not_there_exactly_once_is_refused() {
        let mutation = |find: &str, replace: &str| Mutation {
            id: String::new(),
            breaks: String::new(),
            file: "file".to_owned(),
            find: find.to_owned(),
            replace: replace.to_owned(),
            tests: Vec::new(),
        };
        assert_eq!(mutation("b", "x").apply("abc").unwrap(), "axc");
        for (find, replace, text) in [("b", "x", "abcb"), ("d", "x", "abc"), ("b", "b", "abc")] {
            assert!(mutation(find, replace).apply(text).is_err(), "{find} in {text}");
        }
    }
}
