//! The log: one line of JSON an event, on the console, where `wrangler tail` and Workers Logs read it.

use crate::{env::SPELLING, set_up::SetUpError};
use auth101_core::{
    Cause, ConfigError, Problem,
    event::{self, Event, Observer},
};
use auth101_sql::entity::TABLES;
use serde_json::json;
use worker::{console_error, console_log, console_warn};

/// Writes events as information and faults as errors.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    binding: String,
}

impl Console {
    /// The binding of the database goes into the commands that fix it.
    pub(crate) fn new(binding: &str) -> Self {
        Self { binding: binding.to_owned() }
    }
}

impl Observer for Console {
    fn observe(&self, event: &Event) {
        let line = event.to_json_with_remedy(|problem| remedy(problem, &self.binding));
        match event {
            Event::Fault(_) => console_error!("{line}"),
            _ => console_log!("{line}"),
        }
    }
}

/// The schedule has done its work.
pub(crate) fn purged(sessions: u64) {
    console_log!("{}", json!({ "event": "purged", "sessions": sessions }));
}

/// The Worker cannot serve as it is configured.
pub(crate) fn not_set_up(error: &SetUpError) {
    console_error!("{}", event::not_set_up(&error.subject(), &error.problem(), &error.remedy()));
}

/// A setting that works and deserves the operator's attention.
pub(crate) fn warning(warning: &ConfigError) {
    let (subject, problem) = (warning.subject(&SPELLING), warning.describe(&SPELLING));
    console_warn!("{}", json!({ "event": "warning", "subject": subject, "problem": problem }));
}

/// The command or the step that fixes the database's set-up.
fn remedy(problem: &Problem, binding: &str) -> String {
    match problem.cause {
        Cause::MissingTable if TABLES.iter().any(|migrated| migrated.name == problem.subject) => format!(
            "npx wrangler d1 migrations apply {binding} --local (for the deployed Worker: npx wrangler d1 migrations \
             apply {binding} --remote)"
        ),
        // No migration of ours has a table of that name.
        Cause::MissingTable => {
            "make it, or correct its name; `cargo xtask schema --config wrangler.toml --dialect sqlite \
                              --all` prints the statements"
                .to_owned()
        }
        Cause::MissingColumn => {
            "add it to the table as migrations/0001_auth101.sql declares it, or correct its name".to_owned()
        }
        Cause::DiskFull => {
            "remove data, or move to another database: D1 limits the size of one (locally: make room on the disk)"
                .to_owned()
        }
        Cause::CannotOpen | Cause::CannotWrite | Cause::NotADatabase => {
            "locally: let the user that runs wrangler read and write .wrangler/state, or remove it and apply the \
             migrations again; when deployed, see the state of D1 on the Cloudflare dashboard"
                .to_owned()
        }
        Cause::MissingDatabase | Cause::RefusedUser | Cause::Tls => format!(
            "see that database_id of [[d1_databases]] with binding = \"{binding}\" in wrangler.toml names a database that \
             `npx wrangler d1 list` shows, and deploy again"
        ),
        Cause::MissingRight | Cause::ReadOnlyServer => format!(
            "bind a database that takes writes: D1 refuses them once the plan's limits are reached, which `npx wrangler d1 \
             info` and the Cloudflare dashboard show for the database of {binding}"
        ),
        Cause::KeyTooLong => "shorten the column of the index".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_table_is_fixed_by_the_command_that_makes_it() {
        let remedy = remedy(&Problem::new(Cause::MissingTable, "session"), "AUTH_DB");
        assert!(remedy.contains("npx wrangler d1 migrations apply AUTH_DB --local"), "{remedy}");
        assert!(remedy.contains("npx wrangler d1 migrations apply AUTH_DB --remote"), "{remedy}");
    }

    #[test]
    fn a_missing_table_of_another_name_is_not_left_to_the_migration() {
        let remedy = remedy(&Problem::new(Cause::MissingTable, "people"), "DB");
        assert!(remedy.contains("cargo xtask schema") && !remedy.contains("migrations apply"), "{remedy}");
    }
}
