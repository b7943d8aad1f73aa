//! The log: one line of JSON an event. Events go to standard output and faults to standard error; `spin up` shows both
//! and keeps them under `.spin/logs`.

use crate::{database::Database, set_up::SetUpError, tables::MakingTables};
use auth101_core::{
    Cause, ConfigError, Problem,
    event::{self, Event},
    port::Observer,
};
use serde_json::{Value, json};
use std::io::{Write, stderr, stdout};

/// Writes events as information and faults as errors.
#[derive(Clone, Debug)]
pub(crate) struct StandardStreams {
    driver: MakingTables,
}

impl StandardStreams {
    /// The database goes into the commands that mend it.
    pub(crate) fn new(driver: &MakingTables) -> Self {
        Self { driver: driver.clone() }
    }
}

impl Observer for StandardStreams {
    fn observe(&self, event: &Event) {
        let line = event.to_json_with_mend(|problem| mend(problem, &self.driver));
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
    write_error(&event::not_set_up(error.subject(), &error.problem(), &error.mend()));
}

/// A setting that works and deserves the operator's attention.
pub(crate) fn warning(ConfigError { key, problem }: &ConfigError) {
    write_error(&json!({ "event": "warning", "subject": key, "problem": problem }));
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

/// How to fix the database's set-up.
fn mend(problem: &Problem, driver: &MakingTables) -> String {
    let dialect = driver.database().dialect().name();
    let name = problem.subject.as_str();
    match problem.cause {
        // Not that it was forgotten: this component may not make it.
        Cause::MissingTable if driver.makes(name) => match driver.database() {
            // The migration has the usual names only.
            Database::Sqlite { .. } if ["users", "account", "session", "verification"].contains(&name) => {
                "spin up --sqlite @migrations/0001_auth101.sql".to_owned()
            }
            Database::Sqlite { .. } => {
                format!("run what `cargo xtask schema --config FILE --dialect {dialect}` prints on the database's file")
            }
            Database::Postgres { .. } => format!(
                "let the user of auth_database create tables, or run what `cargo xtask schema --dialect {dialect}` \
                 prints"
            ),
        },
        Cause::MissingTable if name.is_empty() => {
            format!("make the tables as `cargo xtask schema --config FILE --dialect {dialect} --all` prints them")
        }
        Cause::MissingTable => format!(
            "make it, or correct its name; `cargo xtask schema --config FILE --dialect {dialect} --all` prints the \
             statements"
        ),
        Cause::MissingColumn => {
            format!("add it to the table as `cargo xtask schema --dialect {dialect}` declares it, or correct its name")
        }
        Cause::CannotOpen | Cause::CannotWrite | Cause::NotADatabase => {
            "let the user that runs Spin read and write the file and its directory, or choose another database by \
             auth_database"
                .to_owned()
        }
        Cause::DiskFull => "make room on the disk of the database".to_owned(),
        Cause::MissingDatabase | Cause::RefusedUser | Cause::ReadOnlyServer | Cause::Tls => {
            "correct the address in auth_database, or let the server accept it".to_owned()
        }
        Cause::MissingRight => {
            "grant the user of auth_database SELECT, INSERT, UPDATE and DELETE on the tables".to_owned()
        }
        Cause::KeyTooLong => "shorten the column of the index, or use a row format that allows longer keys".to_owned(),
    }
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
