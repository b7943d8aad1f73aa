//! Modules build on one another in one direction: no circle of imports between the modules of this crate.

#![allow(clippy::unwrap_used, reason = "a source that cannot be read is a failed test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The top-level modules and which others the files of each name by `crate::`, tests beside the code left out.
fn imports() -> Graph {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut graph = Graph::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let first = path.strip_prefix(&root).unwrap().components().next().unwrap();
            let module = first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
            // The root names every module to make it public, and nothing imports it.
            if module != "lib" {
                graph.entry(module).or_default().extend(named_in(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    for (module, imported) in &mut graph {
        imported.remove(module);
    }
    graph
}

fn named_in(source: &str) -> BTreeSet<String> {
    let code: String = source
        .split("\n#[cfg(test)]\nmod tests")
        .next()
        .unwrap()
        .lines()
        .map(|line| line.split("//").next().unwrap())
        .collect();
    let mut named = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0;
                let mut item = String::new();
                for character in list.chars() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => named.extend(first_name(&std::mem::take(&mut item))),
                        other if depth == 0 => item.push(other),
                        _ => {}
                    }
                }
                named.extend(first_name(&item));
            }
            None => named.extend(first_name(after)),
        }
    }
    named
}

/// A module has a name in lower case; what the root re-exports does not.
fn first_name(path: &str) -> Option<String> {
    let name: String = path.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    name.starts_with(|first: char| first.is_ascii_lowercase()).then_some(name)
}

/// What is left after modules without imports are taken away, again and again: the circles, and what leads to them.
fn circles(mut graph: Graph) -> Graph {
    loop {
        let leaves: BTreeSet<String> =
            graph.iter().filter(|(_, imported)| imported.is_empty()).map(|(module, _)| module.clone()).collect();
        if leaves.is_empty() {
            return graph;
        }
        graph.retain(|module, _| !leaves.contains(module));
        for imported in graph.values_mut() {
            imported.retain(|module| !leaves.contains(module));
        }
    }
}

#[test]
fn no_module_imports_itself_by_way_of_others() {
    let graph = imports();
    let use_case = graph.get("use_case").unwrap();
    assert!(use_case.contains("auth") && use_case.contains("port"), "imports are read: {graph:#?}");
    let circles = circles(graph);
    assert!(circles.is_empty(), "{circles:#?}");
}
