//! The log: one line of JSON an event, on the console, where `wrangler tail` and Workers Logs read it.

use crate::set_up::SetUpError;
use auth101_core::{
    event::{Event, Fault},
    port::{Missing, Observer, StoreError},
};
use auth101_sql::entity::TABLES;
use serde_json::{Value, json};
use worker::{console_error, console_log, console_warn};

/// Writes events as information and faults as errors.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    binding: String,
}

impl Console {
    /// The binding of the database goes into the commands that mend it.
    pub(crate) fn new(binding: &str) -> Self {
        Self { binding: binding.to_owned() }
    }
}

impl Observer for Console {
    fn observe(&self, event: &Event) {
        match event {
            Event::Fault(fault) => console_error!("{}", fault_line(fault, &self.binding)),
            event => console_log!("{}", event_line(event)),
        }
    }
}

/// The schedule has done its work.
pub(crate) fn purged(sessions: u64) {
    console_log!("{}", json!({ "event": "purged", "sessions": sessions }));
}

/// The Worker cannot serve as it is configured.
pub(crate) fn not_set_up(error: &SetUpError) {
    console_error!("{}", not_set_up_line(error.subject(), &error.problem(), &error.mend()));
}

/// The secret, or a previous one, is shorter than it should be, by the operator's leave.
pub(crate) fn short_secret() {
    let problem = "or one of AUTH_PREVIOUS_SECRETS is shorter than 32 bytes: it can be guessed from one token";
    console_warn!("{}", json!({ "event": "warning", "subject": "AUTH_SECRET", "problem": problem }));
}

fn not_set_up_line(subject: &str, problem: &str, mend: &str) -> Value {
    json!({ "event": "fault", "fault": "not_set_up", "subject": subject, "problem": problem, "mend": mend })
}

fn event_line(event: &Event) -> Value {
    let name = event.name();
    match event {
        Event::SignedUp { user, session } => json!({ "event": name, "user": user.0, "session": session.0 }),
        Event::SignedIn { user, session, rehashed } => {
            json!({ "event": name, "user": user.0, "session": session.0, "rehashed": rehashed })
        }
        Event::SignInFailed { email, reason } => json!({ "event": name, "email": email.0, "reason": reason.name() }),
        Event::Refreshed { session } | Event::RefreshReplayed { session } => {
            json!({ "event": name, "session": session.0 })
        }
        Event::RefreshReuseDetected { user } | Event::SessionRevoked { user } | Event::SignedOut { user } => {
            json!({ "event": name, "user": user.0 })
        }
        Event::Fault(fault) => json!({ "event": name, "fault": fault_name(fault) }),
    }
}

fn fault_line(fault: &Fault, binding: &str) -> Value {
    match fault {
        Fault::Store(StoreError::NotSetUp(missing)) => {
            let (subject, problem, mend) = match missing {
                Missing::Table(table) => (
                    table,
                    "is a table that the database does not have",
                    if TABLES.iter().any(|migrated| migrated.name == table) {
                        format!(
                            "npx wrangler d1 migrations apply {binding} --local (for the deployed Worker: npx wrangler \
                             d1 migrations apply {binding} --remote)"
                        )
                    } else {
                        // No migration of ours has a table of that name.
                        "make it, or correct its name; `cargo xtask schema --config wrangler.toml --dialect sqlite \
                         --all` prints the statements"
                            .to_owned()
                    },
                ),
                Missing::Column(column) => (
                    column,
                    "is a column that the database does not have",
                    "add it to the table as migrations/0001_auth101.sql declares it, or correct its name".to_owned(),
                ),
            };
            not_set_up_line(subject, problem, &mend)
        }
        Fault::Store(StoreError::Unreadable { column }) => {
            json!({ "event": "fault", "fault": fault_name(fault), "column": column })
        }
        fault => json!({ "event": "fault", "fault": fault_name(fault) }),
    }
}

const fn fault_name(fault: &Fault) -> &'static str {
    match fault {
        Fault::Store(StoreError::Unavailable) => "database_unavailable",
        Fault::Store(StoreError::NotSetUp(_)) => "not_set_up",
        Fault::Store(StoreError::Unreadable { .. }) => "unreadable_row",
        Fault::Store(StoreError::Defect) => "statement_refused",
        Fault::Random => "no_randomness",
        Fault::Hasher => "hash_failed",
        Fault::Token => "token_failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auth101_core::event::Pseudonym;

    #[test]
    fn a_missing_table_is_named_with_the_command_that_makes_it() {
        let fault = Fault::Store(StoreError::NotSetUp(Missing::Table("session".to_owned())));
        let line = fault_line(&fault, "AUTH_DB");
        assert_eq!(line["subject"], "session");
        let mend = line["mend"].as_str().unwrap();
        assert!(mend.contains("npx wrangler d1 migrations apply AUTH_DB --local"), "{mend}");
        assert!(mend.contains("npx wrangler d1 migrations apply AUTH_DB --remote"), "{mend}");
    }

    #[test]
    fn a_missing_table_of_another_name_is_not_left_to_the_migration() {
        let fault = Fault::Store(StoreError::NotSetUp(Missing::Table("people".to_owned())));
        let line = fault_line(&fault, "DB");
        assert_eq!(line["subject"], "people");
        let mend = line["mend"].as_str().unwrap();
        assert!(mend.contains("cargo xtask schema") && !mend.contains("migrations apply"), "{mend}");
    }

    #[test]
    fn an_event_is_one_line() {
        let pseudonym = || Pseudonym("0123456789abcdef".to_owned());
        let event = Event::SignedIn { user: pseudonym(), session: pseudonym(), rehashed: false };
        let line = event_line(&event).to_string();
        assert!(!line.contains('\n'));
        assert!(line.contains("\"event\":\"signed_in\""), "{line}");
    }
}
