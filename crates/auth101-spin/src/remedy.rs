//! How an operator fixes the set-up of a database, in the words of Spin.

use auth101_core::{Cause, Problem};
use auth101_sql::Dialect;

/// The tables that `migrations/0001_auth101.sql` creates.
const MIGRATED: [&str; 4] = ["users", "account", "session", "verification"];

/// The command or the line that fixes it. `is_ours` tells whether the component creates a table of that name itself, and may
/// not.
pub(crate) fn remedy(problem: &Problem, dialect: Dialect, is_ours: bool) -> String {
    let subject = problem.subject.as_str();
    let of_sqlite = dialect == Dialect::Sqlite;
    let dialect = dialect.name();
    match problem.cause {
        Cause::MissingTable if is_ours && !of_sqlite => {
            format!(
                "let the user of auth_database create tables, or run what `cargo xtask schema --dialect {dialect}` prints"
            )
        }
        Cause::MissingTable if is_ours && MIGRATED.contains(&subject) => {
            "spin up --sqlite @migrations/0001_auth101.sql".to_owned()
        }
        Cause::MissingTable if is_ours => {
            format!("run what `cargo xtask schema --config FILE --dialect {dialect}` prints on the database's file")
        }
        Cause::MissingTable if subject.is_empty() => {
            format!("create the tables as `cargo xtask schema --config FILE --dialect {dialect} --all` prints them")
        }
        Cause::MissingTable => format!(
            "create it, or correct its name; `cargo xtask schema --config FILE --dialect {dialect} --all` prints the \
             statements"
        ),
        Cause::MissingColumn => {
            format!("add it to the table as `cargo xtask schema --dialect {dialect}` declares it, or correct its name")
        }
        Cause::DiskFull => "make room on the disk that holds the database".to_owned(),
        Cause::KeyTooLong => "shorten the columns of the index".to_owned(),
        Cause::CannotOpen | Cause::CannotWrite | Cause::NotADatabase => format!(
            "look at its path, under [sqlite_database.{subject}] in the file of spin up --runtime-config-file or below \
             --state-dir, at what is there and who may write there, and whether the host has too many files open"
        ),
        Cause::MissingDatabase | Cause::RefusedUser | Cause::ReadOnlyServer | Cause::MissingRight | Cause::Tls
            if of_sqlite =>
        {
            format!(
                "correct url and token under [sqlite_database.{subject}] in the file of spin up --runtime-config-file, or \
                 let the server accept them and take writes"
            )
        }
        Cause::MissingDatabase => "correct the database in auth_database, or create it on the server".to_owned(),
        Cause::RefusedUser => {
            "correct user and password in auth_database, or admit the user to the database from here, in the server's \
             pg_hba.conf"
                .to_owned()
        }
        Cause::ReadOnlyServer => "name a server in auth_database that takes writes, not a standby".to_owned(),
        Cause::MissingRight => {
            "grant SELECT, INSERT, UPDATE and DELETE on the tables, and USAGE on their schema, to the user of auth_database"
                .to_owned()
        }
        Cause::Tls => {
            "add ?sslmode=disable to auth_database, for a server without TLS or one whose certificate this machine does \
             not trust, if you trust the network; sslmode=require for a server that lets nobody in without TLS; or let \
             this machine trust the certificate"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_remedy_that_names_where_to_fix_it() {
        for cause in Cause::ALL {
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                let remedy = remedy(&Problem::new(cause, "accounts"), dialect, false);
                let names = ["auth_database", "[sqlite_database.accounts]", "cargo xtask schema", "disk", "index"];
                assert!(names.iter().any(|name| remedy.contains(name)), "{cause:?}: {remedy}");
            }
        }
    }

    #[test]
    fn a_table_that_the_component_may_not_create_comes_from_the_migration_or_from_the_schema() {
        let missing = |name: &str, dialect| remedy(&Problem::new(Cause::MissingTable, name), dialect, true);
        assert_eq!(missing("session", Dialect::Sqlite), "spin up --sqlite @migrations/0001_auth101.sql");
        assert!(missing("logins", Dialect::Sqlite).contains("--config FILE"));
        assert!(missing("session", Dialect::Postgres).contains("create tables"));
    }
}
