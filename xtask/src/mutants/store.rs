//! The wrong stores of testkit: the tests run over each by themselves and fail where it holds a property that it should
//! break. Here their claims are only counted.

use super::{
    outcome::{Outcome, passed_tests},
    scratch::Scratch,
};
use anyhow::{Context, Result};
use std::{collections::BTreeSet, fs};

const MUTATIONS: &str = "crates/auth101-testkit/src/mutation.rs";
const TESTS: &str = "crates/auth101-testkit/tests";
const COMMAND: &str = "cargo test --workspace --all-features";

/// A test that runs over a wrong store.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Claim {
    variant: String,
    /// The name of the file of tests.
    file: String,
    test: String,
}

/// Of each wrong store the id, what is wrong, and the tests that say so.
pub(super) fn outcomes(scratch: &Scratch, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, String, Outcome)>> {
    let mut wanted = variants(&fs::read_to_string(scratch.file(MUTATIONS)).context("the wrong stores are gone")?);
    wanted.retain(|(variant, _)| is_wanted(&id(variant)));
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut claims = BTreeSet::new();
    for entry in fs::read_dir(scratch.file(TESTS))? {
        let path = entry?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".rs")) else { continue };
        claims.extend(claims_in(file, &fs::read_to_string(&path)?));
    }
    let files: BTreeSet<&str> = claims.iter().map(|claim| claim.file.as_str()).collect();
    let command = files.iter().fold(COMMAND.to_owned(), |command, file| format!("{command} --test {file}"));
    let output = scratch.output(&command)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let passed: BTreeSet<&str> = passed_tests(&said).collect();
    let outcome = |variant: &str| {
        let claims = claims.iter().filter(|claim| claim.variant == variant && passed.contains(claim.test.as_str()));
        let tests: Vec<String> = claims.map(|claim| format!("{}: {}", claim.file, claim.test)).collect();
        if tests.is_empty() { Outcome::Survived } else { Outcome::Noticed(tests.join(", ")) }
    };
    Ok(wanted.into_iter().map(|(variant, breaks)| (id(&variant), breaks, outcome(&variant))).collect())
}

/// The variants of the enum, with the first line of what is said of each.
fn variants(source: &str) -> Vec<(String, String)> {
    let body = source.split_once("pub enum Mutation {").map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or("", |(body, _)| body);
    let mut said = String::new();
    let mut variants = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("/// ") {
            said = doc.trim_end_matches('.').to_owned();
        } else if let Some(name) = line.split(['(', ',']).next().filter(|name| !name.is_empty()) {
            variants.push((name.to_owned(), std::mem::take(&mut said)));
        }
    }
    variants
}

/// The wrong stores that a file names, each with the function at the margin that names it.
fn claims_in(file: &str, source: &str) -> Vec<Claim> {
    let mut test = "";
    let mut claims = Vec::new();
    for line in source.lines() {
        if let Some(name) = line.strip_prefix("fn ") {
            test = name.split(['(', '<']).next().unwrap_or_default();
        }
        for named in line.split("Mutation::").skip(1) {
            let variant = named.split(|character: char| !character.is_ascii_alphanumeric()).next().unwrap_or_default();
            claims.push(Claim { variant: variant.to_owned(), file: file.to_owned(), test: test.to_owned() });
        }
    }
    claims
}

/// `NoPacing` is `store-no-pacing`.
fn id(variant: &str) -> String {
    variant.chars().fold("store".to_owned(), |mut id, character| {
        if character.is_ascii_uppercase() {
            id.push('-');
        }
        id.push(character.to_ascii_lowercase());
        id
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_store_is_found_with_the_test_that_names_it() {
        let source =
            "pub enum Mutation {\n    /// Every token is rotated.\n    NoPacing,\n    /// Early.\n    Early(i64),\n}\n";
        let of = |name: &str, breaks: &str| (name.to_owned(), breaks.to_owned());
        assert_eq!(variants(source), [of("NoPacing", "Every token is rotated"), of("Early", "Early")]);
        assert_eq!(id("NoPacing"), "store-no-pacing");
        let test = "fn holds() {\n    fn inner() {}\n    fails(Mutation::Early(1), Mutation::NoPacing);\n}\n";
        let claims: Vec<String> = claims_in("sessions", test).into_iter().map(|claim| claim.variant).collect();
        assert_eq!(claims, ["Early", "NoPacing"]);
        assert!(claims_in("sessions", test).iter().all(|claim| claim.test == "holds"));
    }
}
