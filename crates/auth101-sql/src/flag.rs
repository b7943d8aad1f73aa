//! Flags in columns of any type: what is true, what is false, and what cannot be read as either.
//!
//! A host's own users' table may hold a flag as a boolean, a number or a text, and `email_verified` as the time of the
//! verification. The predicate that is rendered here both reads the flag and guards the statements, so a user who is
//! active to the reader is active to every statement. Whatever cannot be read is false; the comparison reports such rows.

use crate::{
    dialect::{Dialect, Kind},
    entity::{Entity, Ownership},
};
use alloc::{format, string::String};

/// What databases and languages write for true, besides numbers other than zero. Compared in lower case.
const TRUE: &str = "'t', 'true', 'y', 'yes', 'on'";
/// What they write for false, besides NULL, zero and an empty text.
const FALSE: &str = "'', 'f', 'false', 'n', 'no', 'off'";

/// The first day of a date, as databases write dates; the months exclude MySQL's zero date.
const DATE_PATTERN: &str = "^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}";

/// The one flag that others keep as a time: NULL until the address was verified.
pub(crate) fn takes_dates(field: &str) -> bool {
    field == "email_verified"
}

/// An expression that is true or false and never NULL: whether a flag is set. `field` is the canonical name of the column.
pub(crate) fn is_set(dialect: Dialect, field: &str, qualified: &str) -> String {
    let text = as_text(dialect, qualified);
    let mut set = format!("{text} IN ({TRUE}) OR {}", is_number(dialect, &text, Digit::Some));
    if takes_dates(field) {
        set.push_str(&format!(" OR {}", is_date(dialect, &text)));
    }
    if dialect == Dialect::MySql {
        // BIT(1), whose text is the byte itself.
        set.push_str(&format!(" OR CAST({qualified} AS BINARY) = x'01'"));
    }
    format!("COALESCE({set}, {})", if dialect == Dialect::Postgres { "FALSE" } else { "0" })
}

/// A condition: whether a column holds something that is neither true nor false, and therefore counts as false.
pub(crate) fn is_unreadable(dialect: Dialect, field: &str, qualified: &str) -> String {
    let text = as_text(dialect, qualified);
    let mut unset = format!("{text} IN ({FALSE}) OR {}", is_number(dialect, &text, Digit::None));
    if dialect == Dialect::MySql {
        unset.push_str(&format!(" OR CAST({qualified} AS BINARY) = x'00' OR {text} LIKE '0000-00-00%'"));
    }
    format!("{qualified} IS NOT NULL AND NOT ({}) AND NOT ({unset})", is_set(dialect, field, qualified))
}

/// The placeholder of a flag in a new row.
///
/// In a table of the host's the column may be of any type, and only SQLite takes a number everywhere. PostgreSQL is asked to
/// read 0 or 1 as it reads the text of a value of that column. A time is NULL: new addresses are not verified.
pub(crate) fn placeholder(dialect: Dialect, users: &Entity, field: &str, number: usize) -> String {
    let plain = dialect.placeholder(Kind::Boolean, number);
    let Some((_, column)) = users.columns().find(|(known, _)| known.name == field) else {
        return plain;
    };
    if users.ownership != Ownership::HostUsers {
        return plain;
    }
    let table = dialect.quote(&users.name);
    let (is_time, value) = match dialect {
        Dialect::Sqlite => return plain,
        Dialect::Postgres => {
            let value = format!(
                "(json_populate_record(CAST(NULL AS {table}), json_build_object('{column}', CAST({plain} AS INTEGER)))).{}",
                dialect.quote(column)
            );
            let of_column = format!("(CAST(NULL AS {table})).{}", dialect.quote(column));
            (format!("CAST(pg_typeof({of_column}) AS TEXT) ~ '^(date|timestamp)'"), value)
        }
        Dialect::MySql => {
            let is_time = format!(
                "(SELECT DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() \
                 AND TABLE_NAME = '{}' AND COLUMN_NAME = '{column}') IN ('date', 'datetime', 'timestamp')",
                users.name
            );
            (is_time, plain)
        }
    };
    if takes_dates(field) { format!("CASE WHEN {is_time} THEN NULL ELSE {value} END") } else { value }
}

/// Whether a number has a digit other than zero.
#[derive(Clone, Copy)]
enum Digit {
    Some,
    None,
}

/// The text of a value of any type, the same whatever the settings of the session.
fn as_text(dialect: Dialect, qualified: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("lower(trim(CAST({qualified} AS TEXT)))"),
        // A cast would write dates in the style of the session.
        Dialect::Postgres => format!("lower(btrim(to_jsonb({qualified}) #>> '{{}}'))"),
        Dialect::MySql => format!("LOWER(TRIM(CAST({qualified} AS CHAR)))"),
    }
}

fn is_number(dialect: Dialect, text: &str, digit: Digit) -> String {
    match (dialect, digit) {
        (Dialect::Sqlite, Digit::Some) => {
            format!("(ltrim({text}, '-') NOT GLOB '*[^0-9.]*' AND {text} GLOB '*[1-9]*')")
        }
        (Dialect::Sqlite, Digit::None) => {
            format!("({text} NOT GLOB '*[^-0.]*' AND {text} GLOB '*0*')")
        }
        (Dialect::Postgres, Digit::Some) => format!("{text} ~ '^-?[0-9.]*[1-9][0-9.]*$'"),
        (Dialect::Postgres, Digit::None) => format!("{text} ~ '^-?[0.]*0[0.]*$'"),
        (Dialect::MySql, Digit::Some) => format!("{text} REGEXP '^-?[0-9.]*[1-9][0-9.]*$'"),
        (Dialect::MySql, Digit::None) => format!("{text} REGEXP '^-?[0.]*0[0.]*$'"),
    }
}

fn is_date(dialect: Dialect, text: &str) -> String {
    match dialect {
        // D1 takes patterns of at most 50 bytes.
        Dialect::Sqlite => {
            format!("({text} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' AND substr({text}, 6, 2) <> '00')")
        }
        Dialect::Postgres => format!("{text} ~ '{DATE_PATTERN}'"),
        Dialect::MySql => format!("{text} REGEXP '{DATE_PATTERN}'"),
    }
}
