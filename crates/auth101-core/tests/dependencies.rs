//! The drawing of the crates in `HACKING.md` shows their dependencies as the manifests declare them.

#![allow(clippy::unwrap_used, reason = "a drawing or a manifest of another form is a failed test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const DOCUMENT: &str = include_str!("../../../HACKING.md");

/// Every crate with all that it depends on, near or far: the drawing leaves out what follows from the rest.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// What the manifests declare, less crates that stand alone.
fn declared() -> Graph {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let mut graph = Graph::new();
    for directory in crates.chain([root.join("xtask")]) {
        let name = directory.file_name().unwrap().to_str().unwrap();
        let manifest = fs::read_to_string(directory.join("Cargo.toml")).unwrap();
        let names = manifest.lines().filter_map(|line| {
            line.strip_prefix("auth101-")?
                .split(|c: char| !c.is_ascii_lowercase() && c != '-')
                .next()
                .map(str::to_owned)
        });
        graph.insert(name.trim_start_matches("auth101-").to_owned(), names.collect());
    }
    graph
}

/// What is drawn: `a ◀── b` where b depends on a, `┬` where several depend on what stands before it, and `▲` on the way
/// up to what else a crate depends on.
fn drawn() -> Graph {
    let (_, drawing) = DOCUMENT.split_once("Dependencies run one way, and no other:\n\n```\n").unwrap();
    let lines: Vec<Vec<char>> =
        drawing.lines().take_while(|line| *line != "```").map(|line| line.chars().collect()).collect();
    let mut graph = Graph::new();
    for (row, line) in lines.iter().enumerate() {
        let mut supports: BTreeSet<String> = (0..line.len())
            .filter(|column| matches!(line.get(*column), Some('├' | '└' | '┴')))
            .map(|column| above(&lines, row, column))
            .collect();
        for group in line.iter().collect::<String>().split('◀') {
            let names: BTreeSet<String> = group
                .split(|c: char| c != '/' && c != '-' && !c.is_ascii_lowercase() && !c.is_ascii_digit())
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
            for name in &names {
                graph.entry(name.clone()).or_default().extend(supports.iter().cloned());
            }
            supports = names;
        }
    }
    graph
}

/// The name that a line leads up to.
fn above(lines: &[Vec<char>], row: usize, column: usize) -> String {
    let line = lines.iter().take(row).rev().find(|line| !matches!(line.get(column), Some('▲' | '├'))).unwrap();
    let is_name = |c: &&char| c.is_ascii_lowercase();
    let before: Vec<char> = match line.get(column) {
        Some('┬') => line.iter().take(column).collect::<String>().trim_end_matches([' ', '◀', '─']).chars().collect(),
        _ => line.iter().take(column + line.iter().skip(column).take_while(is_name).count()).copied().collect(),
    };
    let name: Vec<char> = before.iter().rev().take_while(is_name).copied().collect();
    name.iter().rev().collect()
}

/// Completes what each depends on by what that depends on in turn.
fn closed(mut graph: Graph) -> Graph {
    loop {
        let before = graph.clone();
        for dependencies in graph.values_mut() {
            let further = dependencies.iter().filter_map(|name| before.get(name)).flatten().cloned();
            *dependencies = dependencies.iter().cloned().chain(further).collect();
        }
        if graph == before {
            return graph;
        }
    }
}

#[test]
fn the_drawing_shows_what_the_manifests_declare() {
    let (mut declared, mut drawn) = (closed(declared()), closed(drawn()));
    // Beside the crates, the drawing names who else uses them.
    drawn.retain(|name, _| !["examples", "tests", "fuzz", "js/"].contains(&name.as_str()));
    declared.retain(|name, dependencies| name == "core" || !dependencies.is_empty());
    assert_eq!(drawn, declared);
}
