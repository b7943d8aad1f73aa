//! What became of a batch, by what a database or a driver says of it.
//!
//! Numbers and codes decide where there are any. Messages are compared and never repeated, for they may quote values;
//! only names are taken out of them, and only in English.

use crate::driver::SqlError;
use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
};
use auth101_core::{Cause, Problem};

/// Tells apart what SQLite says, by itself or through D1, libSQL, Spin or a driver, which wrap its words in theirs.
#[must_use]
pub fn classify_sqlite(message: &str) -> SqlError {
    if let Some(index) = after(message, "UNIQUE constraint failed: ") {
        return SqlError::UniqueViolation(index);
    }
    if let Some(table) = after(message, "no such table: ") {
        return problem(Cause::MissingTable, table.trim_start_matches("main."));
    }
    if let Some(column) = after(message, "no such column: ").or_else(|| after(message, "has no column named ")) {
        return problem(Cause::MissingColumn, column);
    }
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["database is locked", "database table is locked", "SQLITE_BUSY", "SQLITE_LOCKED"]) {
        return SqlError::Conflict;
    }
    if let Some((_, cause)) = SQLITE_PROBLEMS.iter().find(|(words, _)| says(words)) {
        return problem(*cause, "");
    }
    if says(&["string or blob too big", "SQLITE_TOOBIG"]) {
        return SqlError::Unfit;
    }
    if says(&[
        "syntax error",
        "constraint failed",
        "datatype mismatch",
        "D1_TYPE_ERROR",
        "too many SQL variables",
        "Wrong number of parameter",
        "values for",
    ]) {
        return SqlError::Rejected;
    }
    SqlError::Unavailable
}

/// SQLite's own words and names of its result codes; then those of D1, and of libSQL servers.
const SQLITE_PROBLEMS: [(&[&str], Cause); 8] = [
    (&["readonly database", "SQLITE_READONLY"], Cause::CannotWrite),
    (&["unable to open database", "SQLITE_CANTOPEN", "access permission denied", "SQLITE_PERM"], Cause::CannotOpen),
    (
        &["file is not a database", "SQLITE_NOTADB", "database disk image is malformed", "SQLITE_CORRUPT"],
        Cause::NotADatabase,
    ),
    (&["database or disk is full", "SQLITE_FULL", "Exceeded maximum DB size"], Cause::DiskFull),
    (&["HTTP status 401", "HTTP status 403"], Cause::RefusedUser),
    (&["HTTP status 404"], Cause::MissingDatabase),
    (&["write operations are forbidden", "Writes are blocked"], Cause::ReadOnlyServer),
    (&["not authorized", "SQLITE_AUTH"], Cause::MissingRight),
];

/// Tells apart PostgreSQL's errors by their SQLSTATE (PostgreSQL manual, appendix A). The message is looked at only for
/// the name of what is missing or refused; `constraint` is the error's own field.
#[must_use]
pub fn classify_postgres(sqlstate: &str, message: &str, constraint: Option<&str>) -> SqlError {
    let named = |cause: Cause, phrases: &[&str]| problem(cause, first_after(message, phrases));
    match sqlstate {
        "23505" => SqlError::UniqueViolation(constraint.unwrap_or_default().to_owned()),
        "42P01" => named(Cause::MissingTable, &["relation "]),
        "42703" => named(Cause::MissingColumn, &["column "]),
        // Serialization failure and deadlock.
        "40001" | "40P01" => SqlError::Conflict,
        // An unknown role or no entry in pg_hba.conf, and a wrong password.
        "28000" | "28P01" => named(Cause::RefusedUser, &["user ", "role "]),
        "3D000" => named(Cause::MissingDatabase, &["database "]),
        // A server before PostgreSQL that does not know the database, such as PgBouncer.
        "08P01" if message.contains("no such database") => named(Cause::MissingDatabase, &["no such database: "]),
        // No schema of the search path may be used.
        "3F000" => named(Cause::MissingRight, &["schema \""]),
        "42501" => named(
            Cause::MissingRight,
            &[
                "permission denied for table ",
                "permission denied for relation ",
                "permission denied for schema ",
                "permission denied for database ",
                "must be owner of table ",
            ],
        ),
        "53100" => problem(Cause::DiskFull, ""),
        "25006" => problem(Cause::ReadOnlyServer, ""),
        // A standby refuses the beginning of a transaction that may write.
        "0A000" if message.contains("recovery") => problem(Cause::ReadOnlyServer, ""),
        // A character that the encoding of the database lacks, a text that is too long, a row that no index can hold.
        "22021" | "22P05" | "22001" | "54000" => SqlError::Unfit,
        _ => match sqlstate.get(..2) {
            // Data exception, integrity constraint, syntax error or access rule.
            Some("22" | "23" | "42") => SqlError::Rejected,
            // A lock that was waited for too long (55P03) and a statement that took too long (57014) are among these.
            _ => SqlError::Unavailable,
        },
    }
}

/// Tells apart MySQL's and MariaDB's errors by their number. The message is looked at only for the name of the index,
/// table, column, user or database.
#[must_use]
pub fn classify_mysql(number: u16, message: &str) -> SqlError {
    let named = |cause: Cause, phrases: &[&str]| problem(cause, first_after(message, phrases));
    match number {
        1062 => SqlError::UniqueViolation(after(message, "for key ").unwrap_or_default()),
        // `Table 'database.session' doesn't exist`
        1146 => {
            let table = after(message, "Table ").unwrap_or_default();
            problem(Cause::MissingTable, table.rsplit('.').next().unwrap_or_default())
        }
        1054 => named(Cause::MissingColumn, &["Unknown column "]),
        // Deadlock, MariaDB's "record has changed since last read".
        1213 | 1020 => SqlError::Conflict,
        // `Access denied for user 'x'@'host' to database 'y'`: the user is let in and lacks the right.
        1044 => named(Cause::MissingRight, &["to database "]),
        1049 => named(Cause::MissingDatabase, &["Unknown database "]),
        // A wrong password, an account that may not log in like this, a host that is not let in, a locked account.
        1045 | 1698 | 1130 | 3118 | 4151 => named(Cause::RefusedUser, &["for user ", "Host ", "account "]),
        // Rights on a table, on a column, on what needs an administrator.
        1142 | 1143 | 1227 => named(Cause::MissingRight, &["for table ", "for column "]),
        1071 => problem(Cause::KeyTooLong, ""),
        1021 | 1114 => problem(Cause::DiskFull, ""),
        // The options --read-only and --super-read-only, InnoDB read-only, a transaction that may not write.
        1290 | 1792 | 1836 => problem(Cause::ReadOnlyServer, ""),
        // The server insists on TLS.
        3159 => problem(Cause::Tls, ""),
        // `Incorrect integer value`: the column is of another type than ours.
        1366 if message.contains("integer value") => SqlError::Rejected,
        // A text with characters that the column lacks or that is too long, and collations that do not compare.
        1366 | 1406 | 1267 | 1270 | 1271 | 1300 | 1977 | 3988 => SqlError::Unfit,
        // Column cannot be null, syntax error, bad value for a column, wrong number of columns.
        1048 | 1064 | 1136 | 1264 | 1292 | 1364 | 3819 | 4025 => SqlError::Rejected,
        // A lock that was waited for too long (1205) and a statement that took too long (1317, 1969, 3024) are among these.
        _ => SqlError::Unavailable,
    }
}

/// Tells mistakes of the set-up from outages by the code that the system or the TLS library gave a driver, such as
/// `EACCES`. `None` for any other code. A host name that does not resolve (`ENOTFOUND`) counts as an outage, for name
/// servers fail too.
#[must_use]
pub fn classify_system(code: &str) -> Option<SqlError> {
    let cause = match code {
        "EACCES" | "EPERM" | "EISDIR" | "ENOTDIR" => Cause::CannotOpen,
        "EROFS" => Cause::CannotWrite,
        "ENOSPC" | "EDQUOT" => Cause::DiskFull,
        // OpenSSL's verdicts on a certificate, as Node and its relatives name them; then those of mysql2.
        "DEPTH_ZERO_SELF_SIGNED_CERT"
        | "SELF_SIGNED_CERT_IN_CHAIN"
        | "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
        | "UNABLE_TO_GET_ISSUER_CERT"
        | "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
        | "CERT_HAS_EXPIRED"
        | "CERT_NOT_YET_VALID"
        | "CERT_UNTRUSTED"
        | "ERR_TLS_CERT_ALTNAME_INVALID"
        | "HANDSHAKE_NO_SSL_SUPPORT"
        | "HANDSHAKE_SSL_ERROR" => Cause::Tls,
        _ => return None,
    };
    Some(problem(cause, ""))
}

fn problem(cause: Cause, subject: impl Into<String>) -> SqlError {
    SqlError::NotSetUp(Problem::new(cause, subject))
}

/// The name after whichever phrase there is.
fn first_after(message: &str, phrases: &[&str]) -> String {
    phrases.iter().find_map(|phrase| after(message, phrase)).unwrap_or_default()
}

/// What follows a phrase, up to the end of the name that it introduces.
fn after(message: &str, phrase: &str) -> Option<String> {
    let (_, rest) = message.split_once(phrase)?;
    let quoted = rest.strip_prefix(['"', '\'', '`']).and_then(|rest| rest.split(['"', '\'', '`']).next());
    let name = quoted.unwrap_or_else(|| rest.split([':', ',', '\n', '(', ')', ' ']).next().unwrap_or_default());
    Some(name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlites_words_are_told_apart_in_every_wrapping() {
        for (message, expected) in [
            ("UNIQUE constraint failed: users.email", SqlError::UniqueViolation("users.email".into())),
            (
                "D1_ERROR: UNIQUE constraint failed: users.email: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)",
                SqlError::UniqueViolation("users.email".into()),
            ),
            ("D1_ERROR: no such table: session: SQLITE_ERROR", problem(Cause::MissingTable, "session")),
            ("no such table: main.users", problem(Cause::MissingTable, "users")),
            ("no such column: users.image", problem(Cause::MissingColumn, "users.image")),
            ("table users has no column named image", problem(Cause::MissingColumn, "image")),
            ("table users has no column named image in INSERT INTO …", problem(Cause::MissingColumn, "image")),
            ("database is locked", SqlError::Conflict),
            ("D1_ERROR: database is locked: SQLITE_BUSY", SqlError::Conflict),
            ("NOT NULL constraint failed: users.extra", SqlError::Rejected),
            ("near \"SELEC\": syntax error", SqlError::Rejected),
            ("D1_TYPE_ERROR: Type 'bigint' not supported for value '1'", SqlError::Rejected),
            ("D1_ERROR: Network connection lost.", SqlError::Unavailable),
            ("D1_ERROR: internal error; reference = abc", SqlError::Unavailable),
            ("attempt to write a readonly database", problem(Cause::CannotWrite, "")),
            ("SQLITE_READONLY_DIRECTORY: attempt to write a readonly database", problem(Cause::CannotWrite, "")),
            ("unable to open database file", problem(Cause::CannotOpen, "")),
            ("unable to open database file: /srv/auth.db", problem(Cause::CannotOpen, "")),
            ("file is not a database", problem(Cause::NotADatabase, "")),
            ("database disk image is malformed", problem(Cause::NotADatabase, "")),
            ("D1_ERROR: database or disk is full: SQLITE_FULL", problem(Cause::DiskFull, "")),
            ("D1_ERROR: Exceeded maximum DB size", problem(Cause::DiskFull, "")),
            ("SERVER_ERROR: Server returned HTTP status 401", problem(Cause::RefusedUser, "")),
            ("SERVER_ERROR: Server returned HTTP status 404", problem(Cause::MissingDatabase, "")),
            ("SERVER_ERROR: Server returned HTTP status 503", SqlError::Unavailable),
            ("BLOCKED: Operation was blocked: SQL write operations are forbidden", problem(Cause::ReadOnlyServer, "")),
            ("string or blob too big", SqlError::Unfit),
            ("", SqlError::Unavailable),
        ] {
            assert_eq!(classify_sqlite(message), expected, "{message}");
        }
    }

    #[test]
    fn postgresqls_states_are_told_apart() {
        let of = |state, message| classify_postgres(state, message, Some("ix_users_email"));
        assert_eq!(of("23505", ""), SqlError::UniqueViolation("ix_users_email".into()));
        assert_eq!(of("42P01", "relation \"my session\" does not exist"), problem(Cause::MissingTable, "my session"));
        assert_eq!(of("42703", "column users.image does not exist"), problem(Cause::MissingColumn, "users.image"));
        assert_eq!(
            of("42703", "column \"image\" of relation \"users\" does not exist"),
            problem(Cause::MissingColumn, "image")
        );
        for state in ["40001", "40P01"] {
            assert_eq!(of(state, ""), SqlError::Conflict);
        }
        for state in ["42601", "22P02", "23502", "42883"] {
            assert_eq!(of(state, ""), SqlError::Rejected);
        }
        for state in ["08006", "08P01", "53300", "55P03", "57014", "57P01", "57P03", "", "XX000", "é"] {
            assert_eq!(of(state, ""), SqlError::Unavailable);
        }
    }

    #[test]
    fn mysqls_numbers_are_told_apart() {
        let duplicate = "Duplicate entry 'a@b' for key 'users.ix_users_email'";
        assert_eq!(classify_mysql(1062, duplicate), SqlError::UniqueViolation("users.ix_users_email".into()));
        let missing = "Table 'test.session' doesn't exist";
        assert_eq!(classify_mysql(1146, missing), problem(Cause::MissingTable, "session"));
        let column = "Unknown column 'users.image' in 'field list'";
        assert_eq!(classify_mysql(1054, column), problem(Cause::MissingColumn, "users.image"));
        assert_eq!(classify_mysql(1213, ""), SqlError::Conflict);
        assert_eq!(classify_mysql(1205, ""), SqlError::Unavailable);
        assert_eq!(classify_mysql(1064, ""), SqlError::Rejected);
        assert_eq!(classify_mysql(2006, ""), SqlError::Unavailable);
    }

    #[test]
    fn postgresqls_mistakes_of_the_set_up_are_told_with_their_subject() {
        for (state, message, cause, subject) in [
            ("28P01", "password authentication failed for user \"app\"", Cause::RefusedUser, "app"),
            ("28000", "role \"app\" does not exist", Cause::RefusedUser, "app"),
            ("28000", "no pg_hba.conf entry for host \"::1\", user \"app\", no encryption", Cause::RefusedUser, "app"),
            ("3D000", "database \"shop\" does not exist", Cause::MissingDatabase, "shop"),
            ("08P01", "no such database: shop", Cause::MissingDatabase, "shop"),
            ("3F000", "no schema has been selected to create in", Cause::MissingRight, ""),
            ("42501", "permission denied for table users", Cause::MissingRight, "users"),
            ("42501", "permission denied for schema public", Cause::MissingRight, "public"),
            ("42501", "must be owner of table users", Cause::MissingRight, "users"),
            ("42501", "keine Berechtigung für Tabelle users", Cause::MissingRight, ""),
            ("53100", "could not extend file: No space left on device", Cause::DiskFull, ""),
            ("25006", "cannot execute UPDATE in a read-only transaction", Cause::ReadOnlyServer, ""),
            ("0A000", "cannot set transaction read-write mode during recovery", Cause::ReadOnlyServer, ""),
        ] {
            assert_eq!(classify_postgres(state, message, None), problem(cause, subject), "{message}");
        }
        assert_eq!(classify_postgres("0A000", "cannot insert into view", None), SqlError::Unavailable);
    }

    #[test]
    fn mysqls_mistakes_of_the_set_up_are_told_with_their_subject() {
        for (number, message, cause, subject) in [
            (1044, "Access denied for user 'app'@'%' to database 'shop'", Cause::MissingRight, "shop"),
            (1045, "Access denied for user 'app'@'localhost' (using password: YES)", Cause::RefusedUser, "app"),
            (1698, "Access denied for user 'root'@'localhost'", Cause::RefusedUser, "root"),
            (1130, "Host '10.0.0.7' is not allowed to connect to this MariaDB server", Cause::RefusedUser, "10.0.0.7"),
            (1049, "Unknown database 'shop'", Cause::MissingDatabase, "shop"),
            (1142, "SELECT command denied to user 'app'@'%' for table 'users'", Cause::MissingRight, "users"),
            (
                1143,
                "SELECT command denied to user 'app'@'%' for column 'email' in table 'u'",
                Cause::MissingRight,
                "email",
            ),
            (1071, "Specified key was too long; max key length is 767 bytes", Cause::KeyTooLong, ""),
            (1021, "Disk full (/tmp/#sql); waiting for someone to free some space", Cause::DiskFull, ""),
            (1114, "The table 'session' is full", Cause::DiskFull, ""),
            (1290, "The MariaDB server is running with the --read-only option", Cause::ReadOnlyServer, ""),
            (1836, "Running in read-only mode", Cause::ReadOnlyServer, ""),
            (3159, "Connections using insecure transport are prohibited", Cause::Tls, ""),
        ] {
            assert_eq!(classify_mysql(number, message), problem(cause, subject), "{message}");
        }
    }

    #[test]
    fn a_value_that_a_column_cannot_hold_or_compare_is_no_defect_and_no_outage() {
        for state in ["22021", "22P05", "22001", "54000"] {
            assert_eq!(classify_postgres(state, "", None), SqlError::Unfit, "{state}");
        }
        for number in [1366, 1406, 1267, 1270, 1271, 1300, 1977, 3988] {
            assert_eq!(classify_mysql(number, ""), SqlError::Unfit, "{number}");
        }
        assert_eq!(classify_mysql(1366, "Incorrect integer value: 'x' for column 'id' at row 1"), SqlError::Rejected);
    }

    #[test]
    fn a_code_of_the_system_tells_mistakes_from_outages() {
        assert_eq!(classify_system("EACCES"), Some(problem(Cause::CannotOpen, "")));
        assert_eq!(classify_system("EROFS"), Some(problem(Cause::CannotWrite, "")));
        assert_eq!(classify_system("ENOSPC"), Some(problem(Cause::DiskFull, "")));
        assert_eq!(classify_system("SELF_SIGNED_CERT_IN_CHAIN"), Some(problem(Cause::Tls, "")));
        for outage in ["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ENOENT", "28P01", ""] {
            assert_eq!(classify_system(outage), None, "{outage}");
        }
    }
}
