//! The log: one line of JSON an event. Events go to standard output and faults to standard error; `spin up` shows both
//! and keeps them under `.spin/logs`.

use crate::{remedy::remedy, set_up::SetUpError, tables::MakingTables, variables::SPELLING};
use auth101_core::{
    ConfigError,
    event::{self, Event, Observer},
};
use serde_json::{Value, json};
use std::io::{Write, stderr, stdout};

/// Writes events as information and faults as errors.
#[derive(Clone, Debug)]
pub(crate) struct StandardStreams {
    driver: MakingTables,
}

impl StandardStreams {
    /// The driver knows the database and its tables, which the remedies name.
    pub(crate) fn new(driver: &MakingTables) -> Self {
        Self { driver: driver.clone() }
    }
}

impl Observer for StandardStreams {
    fn observe(&self, event: &Event) {
        let dialect = self.driver.database().dialect();
        let line = event.to_json_with_remedy(|problem| remedy(problem, dialect, self.driver.makes(&problem.subject)));
        match event {
            Event::Fault(_) => write_error(&line),
            _ => write(&line),
        }
    }
}

/// Sessions that were over have been removed. Most purges find none, and they are no news.
pub(crate) fn purged(sessions: u64) {
    if sessions > 0 {
        write(&json!({ "event": "purged", "sessions": sessions }));
    }
}

/// The component cannot serve as it is configured.
pub(crate) fn not_set_up(error: &SetUpError) {
    write_error(&event::not_set_up(&error.subject(), &error.problem(), &error.remedy()));
}

/// A setting that works and deserves the operator's attention.
pub(crate) fn warning(warning: &ConfigError) {
    let (subject, problem) = (warning.subject(&SPELLING), warning.describe(&SPELLING));
    write_error(&json!({ "event": "warning", "subject": subject, "problem": problem }));
}

fn write(line: &Value) {
    write_to(stdout(), line);
}

fn write_error(line: &Value) {
    write_to(stderr(), line);
}

/// Writes a line at once: other instances write to the same stream, between any two writes of this one. A line that
/// cannot be written is lost: there is nowhere to say so.
fn write_to(mut stream: impl Write, line: &Value) {
    drop(stream.write_all(format!("{line}\n").as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps each piece that is written.
    struct Pieces<'a>(&'a mut Vec<Vec<u8>>);

    impl Write for Pieces<'_> {
        fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
            self.0.push(piece.to_vec());
            Ok(piece.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_written_in_one_piece() {
        let mut pieces = Vec::new();
        write_to(Pieces(&mut pieces), &json!({ "event": "fault", "fault": "database_unavailable" }));
        assert_eq!(pieces, [b"{\"event\":\"fault\",\"fault\":\"database_unavailable\"}\n".to_vec()]);
    }
}
