//! `docs/requirements.md` and the table of `docs/databases.md` name tests: each is there, and each number that a test
//! carries has a row. Comments quote sections of `docs/reference.md`: each is there too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a page of another form is a failed test")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A row: its number, and the files and names that show it.
struct Row {
    id: String,
    evidence: Vec<(PathBuf, String)>,
}

/// The rows of the page. A cell of evidence is `[label](path) name`, several of them with `<br>` between.
fn rows() -> Vec<Row> {
    let page = read(&root().join("docs/requirements.md"));
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('|').trim().to_owned()).collect()
    };
    let rows = page.lines().filter(|line| line.starts_with("| R")).map(|line| {
        let cells = cells(&line.replace("| |", "| - |"));
        let [id, _, _, shown_by] = cells.as_slice() else { panic!("four cells: {line}") };
        Row { id: id.clone(), evidence: evidence(shown_by) }
    });
    rows.collect()
}

/// What a cell names, with the path from the root.
fn evidence(cell: &str) -> Vec<(PathBuf, String)> {
    let items = cell.split("<br>").map(|item| {
        let (path, name) = item.split_once("](").and_then(|(_, rest)| rest.split_once(") ")).unwrap();
        (root().join("docs").join(path), name.to_owned())
    });
    items.collect()
}

/// Whether a file has a test, a claim, a conversation or a part of this name.
fn has(file: &Path, text: &str, name: &str) -> bool {
    let is = |extension: &str| file.extension().is_some_and(|found| found == extension);
    if is("json") {
        text.contains(&format!("\"name\": {}", serde_json::Value::from(name)))
    } else if is("mjs") {
        text.contains(&format!("\"{name}\"")) || text.contains(&format!("{name}`"))
    } else if file.ends_with("xtask/src/test/part.rs") {
        text.contains(&format!("(\"{name}\", "))
    } else {
        text.contains(&format!("fn {name}("))
    }
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let rows = rows();
    assert!(rows.len() > 30, "{} rows", rows.len());
    for Row { id, evidence } in &rows {
        assert!(!evidence.is_empty(), "{id}");
        for (file, name) in evidence {
            assert!(has(file, &read(file), name), "{id}: {} has no `{name}`", file.display());
        }
    }
}

#[test]
fn every_mistake_with_a_database_is_shown_by_a_test() {
    let page = read(&root().join("docs/databases.md"));
    let (_, table) = page.split_once("| shown by |\n|---|---|---|---|---|\n").unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches(['|', ' ']).split(" | ").collect();
        let [mistake, _, _, _, shown_by] = cells.as_slice() else { panic!("five cells: {row}") };
        for (file, name) in evidence(shown_by) {
            assert!(has(&file, &read(&file), &name), "{mistake}: {} has no `{name}`", file.display());
        }
    }
}

#[test]
fn a_name_that_is_not_there_is_seen() {
    let file = root().join("crates/auth101-testkit/tests/requirements.rs");
    assert!(has(&file, &read(&file), "a_name_that_is_not_there_is_seen"));
    assert!(!has(&file, &read(&file), "a_name_that_is_not_there"));
    let file = root().join("xtask/src/test/part.rs");
    assert!(has(&file, &read(&file), "deny"));
    assert!(!has(&file, &read(&file), "den"));
}

/// The files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The numbers in the name of a Rust test, `r01_r02_…`.
fn of_function(name: &str) -> Vec<String> {
    let is_id = |part: &&str| part.len() == 3 && part.starts_with('r') && part.chars().skip(1).all(char::is_numeric);
    name.split('_').take_while(is_id).map(str::to_uppercase).collect()
}

/// The numbers in the name of a conversation, `… (R01, R02)`.
fn of_conversation(name: &str) -> Vec<String> {
    let Some((_, inside)) = name.trim_end_matches(['"', ',']).rsplit_once(" (") else {
        return Vec::new();
    };
    inside.trim_end_matches(')').split(", ").filter(|id| id.starts_with('R')).map(str::to_owned).collect()
}

#[test]
fn every_number_that_a_test_carries_has_one_row() {
    let listed: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    let unique: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(unique.len(), listed.len(), "a number stands twice");
    assert!(listed.is_sorted_by(|first, second| first < second), "{listed:?}");

    let mut carried = BTreeSet::new();
    for file in files(&root().join("crates")).iter().filter(|file| file.extension().is_some_and(|it| it == "rs")) {
        let names = read(file);
        let names = names.lines().filter_map(|line| line.trim().strip_prefix("fn ")?.split('(').next());
        carried.extend(names.flat_map(of_function));
    }
    for file in files(&root().join("tests/wire")).iter().filter(|file| file.extension().is_some_and(|it| it == "json"))
    {
        let text = read(file);
        let names = text.lines().filter_map(|line| line.split_once("{\"name\": \"")?.1.split("\", \"steps\"").next());
        carried.extend(names.flat_map(of_conversation));
    }
    assert!(carried.len() > 20, "{carried:?}");
    let missing: Vec<&String> = carried.iter().filter(|id| !unique.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?} have no row in docs/requirements.md");
}

/// The sections that a text quotes: `reference, section 2.4`, `reference, sections 2.1 and 2.3`, `reference (section 4)`.
fn quoted(text: &str) -> BTreeSet<String> {
    let joined = text.replace("///", " ").replace("//!", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let quotes = joined.split("reference").skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches([',', ' ', '(']);
        let numbers = rest.strip_prefix("sections ").or_else(|| rest.strip_prefix("section "))?;
        let words: Vec<&str> = numbers.split(' ').collect();
        let last = words.iter().position(|word| !word.ends_with(',') && *word != "and").unwrap_or_default();
        // What is joined by "and" goes on.
        let last = if words.get(last + 1) == Some(&"and") { last + 2 } else { last };
        let number = |word: &&str| word.trim_matches(|character: char| !character.is_numeric()).to_owned();
        Some(words.iter().take(last + 1).map(number).collect::<Vec<_>>())
    });
    quotes.flatten().filter(|number| !number.is_empty()).collect()
}

#[test]
fn every_section_of_the_reference_that_is_quoted_is_there() {
    assert_eq!(
        quoted("(reference,\n//! sections 2.1, 2.3 and 2.5). 7"),
        ["2.1", "2.3", "2.5"].map(String::from).into()
    );
    assert_eq!(quoted("The tables of the reference (section 3.2), column"), BTreeSet::from(["3.2".into()]));

    let page = read(&root().join("docs/reference.md"));
    let headings = page.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' ')?.split(' ').next());
    let sections: BTreeSet<&str> = headings.map(|number| number.trim_end_matches('.')).collect();
    let is_text =
        |file: &&PathBuf| file.extension().is_some_and(|it| it == "rs" || it == "json" || it == "mjs" || it == "md");
    let directories = ["crates", "docs", "tests"].map(|directory| files(&root().join(directory)));
    let mut seen = 0;
    for file in directories.iter().flatten().filter(is_text) {
        for section in quoted(&read(file)) {
            assert!(sections.contains(section.as_str()), "{}: there is no section {section}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}
