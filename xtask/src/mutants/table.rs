//! `docs/mutations.md`: a page with one table, which is also the record that later runs compare with.

use super::outcome::SURVIVED;
use anyhow::{Context, Result};
use std::{collections::BTreeMap, fs, path::Path};

/// How the table begins.
const HEAD: [&str; 2] = ["mutation", "what is broken"];

#[derive(Default, Debug)]
pub(super) struct Table {
    /// What is above the table.
    introduction: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    id: String,
    breaks: String,
    cells: BTreeMap<String, String>,
}

impl Table {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let (introduction, table) = text.split_once("\n| ").unwrap_or((text, ""));
        let mut lines = table.lines().map(cells);
        let columns = lines.next().unwrap_or_default().into_iter().skip(HEAD.len()).collect::<Vec<_>>();
        let rows = lines.skip(1).filter_map(|cells| {
            let mut cells = cells.into_iter();
            let (id, breaks) = (cells.next()?, cells.next()?);
            let cells = columns.iter().cloned().zip(cells).filter(|(_, cell)| !cell.is_empty()).collect();
            Some(Row { id, breaks, cells })
        });
        Self { introduction: introduction.trim_end().to_owned(), rows: rows.collect(), columns }
    }

    fn render(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let escaped: Vec<String> = cells.map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", escaped.join(" | "))
        };
        let mut text = format!("{}\n\n", self.introduction);
        text.push_str(&line(&mut HEAD.into_iter().chain(self.columns.iter().map(String::as_str))));
        text.push_str(&line(&mut std::iter::repeat_n("---", HEAD.len() + self.columns.len())));
        for row in &self.rows {
            let cells = self.columns.iter().map(|column| row.cells.get(column).map_or("", String::as_str));
            text.push_str(&line(&mut [row.id.as_str(), row.breaks.as_str()].into_iter().chain(cells)));
        }
        text
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        fs::write(path, self.render()).with_context(|| format!("cannot write {}", path.display()))
    }

    pub(super) fn add_column(&mut self, column: &str) {
        if !self.columns.iter().any(|known| known == column) {
            self.columns.push(column.to_owned());
        }
    }

    pub(super) fn cell(&self, id: &str, column: &str) -> Option<&str> {
        self.rows.iter().find(|row| row.id == id)?.cells.get(column).map(String::as_str)
    }

    pub(super) fn set(&mut self, id: &str, breaks: &str, column: &str, cell: &str) {
        let at = self.rows.iter().position(|row| row.id == id).unwrap_or_else(|| {
            self.rows.push(Row { id: id.to_owned(), breaks: String::new(), cells: BTreeMap::new() });
            self.rows.len() - 1
        });
        self.rows[at].breaks = breaks.to_owned();
        self.rows[at].cells.insert(column.to_owned(), cell.to_owned());
    }

    /// Whether a column other than this one shows the mutation as noticed.
    pub(super) fn is_noticed_elsewhere(&self, id: &str, column: Option<&str>) -> bool {
        let row = self.rows.iter().find(|row| row.id == id);
        row.is_some_and(|row| row.cells.iter().any(|(known, cell)| Some(known.as_str()) != column && cell != SURVIVED))
    }
}

/// The cells of a line. A bar that is part of one is escaped.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches("| ").trim_end_matches('|').replace("\\|", "\0");
    line.split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_columns_are_compared() {
        let mut table = Table::parse("# Mutations\n\nWhat they are.\n");
        table.add_column("before");
        table.set("a", "one | two", "before", "group: test");
        table.set("b", "another", "before", SURVIVED);
        let mut table = Table::parse(&table.render());
        table.add_column("after");
        table.set("a", "one | two", "after", SURVIVED);
        table.set("b", "another", "after", SURVIVED);
        let table = Table::parse(&table.render());
        assert_eq!(table.introduction, "# Mutations\n\nWhat they are.");
        assert_eq!(table.cell("a", "before"), Some("group: test"));
        assert_eq!(table.cell("a", "after"), Some(SURVIVED));
        assert_eq!(table.cell("c", "after"), None);
        assert!(table.is_noticed_elsewhere("a", Some("after")));
        assert!(!table.is_noticed_elsewhere("a", Some("before")) && !table.is_noticed_elsewhere("b", Some("after")));
    }
}
