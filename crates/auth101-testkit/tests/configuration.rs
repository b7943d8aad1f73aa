//! Every mistake of tests/wire/configuration is found before anything is served, and named by its key; and the other names
//! of tests/wire/names are others.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use auth101_core::{Config, ConfigError, Options, Spelling};
use auth101_sql::Entities;
use serde_json::{Map, Value};

const MISTAKES: &str = include_str!("../../../tests/wire/configuration/mistakes.json");
const OTHER_NAMES: &str = include_str!("../../../tests/wire/names/other.json");
const SECRET: &str = "a-secret-of-the-tests-with-more-than-32-bytes";

/// As a host does it.
fn check(given: &Map<String, Value>) -> Result<(), ConfigError> {
    let mut given = given.clone();
    given.entry("secret").or_insert_with(|| SECRET.into());
    given.retain(|_, value| !value.is_null());
    let mut options = Options::default();
    for (name, value) in &given {
        options.set(name, value)?;
    }
    Config::new(&options)?;
    Entities::new(&options.entities).map(drop)
}

fn is_said(expected: &str, problem: &str) -> bool {
    expected.strip_suffix('…').map_or(problem == expected, |beginning| problem.starts_with(beginning))
}

#[test]
fn every_mistake_names_its_key_and_says_what_would_be_right() {
    let mistakes: Vec<Value> = serde_json::from_str(MISTAKES).unwrap();
    for mistake in &mistakes {
        let text = |member: &str| mistake[member].as_str().unwrap();
        let error = check(mistake["options"].as_object().unwrap()).expect_err(&mistake.to_string());
        assert_eq!(error.subject(&Spelling::CANONICAL), text("key"), "{mistake}: {error}");
        assert!(is_said(text("problem"), &error.describe(&Spelling::CANONICAL)), "{mistake}: {error}");
    }
}

#[test]
fn every_option_has_its_mistake() {
    let mistakes: Vec<Value> = serde_json::from_str(MISTAKES).unwrap();
    for option in Options::names() {
        let of_it = |mistake: &&Value| mistake["options"].get(option).is_some();
        assert!(mistakes.iter().any(|mistake| of_it(&mistake)), "{option}");
    }
}

#[test]
fn without_a_mistake_nothing_is_said() {
    assert_eq!(check(&Map::new()), Ok(()));
}

#[test]
fn the_other_names_leave_no_name_as_it_was() {
    let mut options = Options::default();
    for (name, value) in &serde_json::from_str::<Map<String, Value>>(OTHER_NAMES).unwrap() {
        options.set(name, value).unwrap();
    }
    for entity in Entities::new(&options.entities).unwrap().iter() {
        assert_ne!(entity.name, entity.schema.name);
        for (column, name) in entity.columns() {
            assert_ne!(name, column.name, "{}", entity.schema.name);
        }
    }
}
