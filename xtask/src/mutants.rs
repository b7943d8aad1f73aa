//! `cargo xtask mutants`: what the tests would notice.

mod list;
mod outcome;
mod scratch;
mod store;
mod table;

use crate::{
    Chore,
    tools::{in_root, root, say},
};
use anyhow::{Context, Result, bail};
use list::{Group, List, Mutation};
use outcome::Outcome;
use scratch::Scratch;
use std::{collections::BTreeMap, path::PathBuf, time::Instant};
use table::Table;

pub(crate) const CHORE: Chore = Chore {
    name: "mutants",
    summary: "breaks the sources in each way of a list, and shows which test notices",
    help: "\
Copies the tree into a scratch directory, applies the mutations of tests/mutations there, one at a time, and runs the
groups of tests that each names until one fails. The working tree stays as it is. A group that fails without a mutation
shows nothing and is left out; a mutation that does not apply exactly once, or does not compile, is an error of the list.
Afterwards the wrong stores of testkit are counted too, which the tests run over by themselves.

  ID …          only the mutations whose ids begin with one of these; `store-` are those of testkit
  --list        prints the mutations and their groups, and runs nothing
  --as COLUMN   records the outcomes in that column of docs/mutations.md, one by one
  --resume      leaves out what that column already tells
  --of DIR      mutates another checkout than this one, by the list of this one
  --scratch DIR where to work, target/mutants unless given; what is built there stays for the next run

Fails where a mutation survives that another column of docs/mutations.md shows as noticed. Needs `timeout` of coreutils.",
    run: |arguments| run(&Options::parse(arguments)?),
};

/// Where the outcomes are recorded.
const TABLE: &str = "docs/mutations.md";

#[derive(Debug, Default)]
struct Options {
    prefixes: Vec<String>,
    list: bool,
    column: Option<String>,
    resume: bool,
    sources: Option<PathBuf>,
    scratch: Option<PathBuf>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} wants a value"));
            match word.as_str() {
                "--list" => options.list = true,
                "--resume" => options.resume = true,
                "--as" => options.column = Some(value()?.clone()),
                "--of" => options.sources = Some(value()?.into()),
                "--scratch" => options.scratch = Some(value()?.into()),
                _ if word.starts_with('-') => bail!("there is no option {word}"),
                prefix => options.prefixes.push(prefix.to_owned()),
            }
        }
        if options.resume && options.column.is_none() {
            bail!("--resume goes on with a column: give it by --as");
        }
        Ok(options)
    }

    fn chooses(&self, id: &str) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| id.starts_with(prefix.as_str()))
    }
}

fn run(options: &Options) -> Result<()> {
    let list = List::read(&in_root(list::DIRECTORY))?;
    let chosen: Vec<&Mutation> = list.mutations.iter().filter(|mutation| options.chooses(&mutation.id)).collect();
    if options.list {
        for mutation in &chosen {
            println!("{:<32} {} [{}]", mutation.id, mutation.breaks, mutation.tests.join(", "));
        }
        return Ok(());
    }
    let sources = options.sources.clone().unwrap_or_else(|| root().to_owned());
    let directory = options.scratch.clone().unwrap_or_else(|| in_root("target/mutants"));
    let mut record = Record::open(options)?;
    let chosen: Vec<&Mutation> = chosen.into_iter().filter(|mutation| !record.tells(&mutation.id)).collect();
    let scratch = Scratch::copy(&sources, &directory)?;
    let mut errors = Vec::new();
    let groups = sound_groups(&scratch, &list, &chosen, &mut errors)?;
    for (number, mutation) in chosen.iter().enumerate() {
        let started = Instant::now();
        let outcome = try_out(&scratch, mutation, &groups);
        let progress = format!("[{}/{}] {} ({} s)", number + 1, chosen.len(), mutation.id, started.elapsed().as_secs());
        match outcome {
            Ok(outcome) => {
                say(&format!("{progress}: {outcome}"));
                record.add(&mutation.id, &mutation.breaks, &outcome)?;
            }
            Err(error) => {
                say(&format!("{progress}: ERROR of the list: {error:#}"));
                errors.push(format!("{}: {error:#}", mutation.id));
            }
        }
    }
    for (id, breaks, outcome) in store::outcomes(&scratch, |id| options.chooses(id) && !record.tells(id))? {
        say(&format!("{id}: {outcome}"));
        record.add(&id, &breaks, &outcome)?;
    }
    record.finish(&errors)
}

/// The groups that the mutations name and that pass while nothing is broken.
fn sound_groups<'a>(
    scratch: &Scratch,
    list: &'a List,
    chosen: &[&Mutation],
    errors: &mut Vec<String>,
) -> Result<BTreeMap<&'a str, &'a Group>> {
    let mut sound = BTreeMap::new();
    let mut prepared: Vec<&str> = Vec::new();
    for group in &list.groups {
        if !chosen.iter().any(|mutation| mutation.tests.contains(&group.name)) {
            continue;
        }
        for command in group.prepare.iter().filter(|command| !prepared.contains(&command.as_str())) {
            say(&format!("preparing: {command}"));
            scratch.build(command)?;
        }
        prepared.extend(group.prepare.iter().map(String::as_str));
        say(&format!("without a mutation: {}", group.name));
        for command in group.builds() {
            scratch.build(&command)?;
        }
        match scratch.test(group)? {
            None => {
                sound.insert(group.name.as_str(), group);
            }
            Some(test) => errors.push(format!("the group {} fails without a mutation: {test}", group.name)),
        }
    }
    Ok(sound)
}

fn try_out(scratch: &Scratch, mutation: &Mutation, groups: &BTreeMap<&str, &Group>) -> Result<Outcome> {
    let mutated = scratch.mutate(mutation)?;
    let outcome = (|| {
        scratch.compile_script(&mutation.file)?;
        for name in &mutation.tests {
            let group = groups.get(name.as_str()).with_context(|| format!("the group {name} is not usable"))?;
            for command in group.builds() {
                scratch.build(&command).context("does not compile")?;
            }
            if let Some(test) = scratch.test(group)? {
                return Ok(Outcome::Noticed(format!("{name}: {test}")));
            }
        }
        Ok(Outcome::Survived)
    })();
    mutated.restore()?;
    scratch.compile_script(&mutation.file)?;
    outcome
}

/// The outcomes of this run, and the column that they go to.
struct Record {
    table: Table,
    column: Option<String>,
    resumes: bool,
    outcomes: Vec<(String, Outcome)>,
}

impl Record {
    fn open(options: &Options) -> Result<Self> {
        let mut table = Table::read(&in_root(TABLE))?;
        if let Some(column) = &options.column {
            table.add_column(column);
        }
        Ok(Self { table, column: options.column.clone(), resumes: options.resume, outcomes: Vec::new() })
    }

    /// Whether there is nothing left to find out.
    fn tells(&self, id: &str) -> bool {
        self.resumes && self.column.as_ref().is_some_and(|column| self.table.cell(id, column).is_some())
    }

    fn add(&mut self, id: &str, breaks: &str, outcome: &Outcome) -> Result<()> {
        self.outcomes.push((id.to_owned(), outcome.clone()));
        let Some(column) = &self.column else {
            return Ok(());
        };
        self.table.set(id, breaks, column, &outcome.to_string());
        self.table.write(&in_root(TABLE))
    }

    fn finish(self, errors: &[String]) -> Result<()> {
        let survived = |(_, outcome): &&(String, Outcome)| *outcome == Outcome::Survived;
        let survivors: Vec<&(String, Outcome)> = self.outcomes.iter().filter(survived).collect();
        println!("\nmutations: {} tried, {} survived", self.outcomes.len(), survivors.len());
        for (id, _) in &survivors {
            println!("  survived: {id}");
        }
        for error in errors {
            println!("  error: {error}");
        }
        let is_lost = |id: &str| self.table.is_noticed_elsewhere(id, self.column.as_deref());
        let lost: Vec<&str> = survivors.iter().map(|(id, _)| id.as_str()).filter(|id| is_lost(id)).collect();
        if !lost.is_empty() {
            bail!("{} survive that were noticed before: {}", lost.len(), lost.join(", "));
        }
        if errors.is_empty() { Ok(()) } else { bail!("{} errors of the list or its groups", errors.len()) }
    }
}
